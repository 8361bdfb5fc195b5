// Package localca gives a fresh install HTTPS at once: a certificate authority and a server certificate of its own, kept
// in the data folder. Clients trust it by its ca.pem; the authority's key never leaves the folder (mode 0600).
package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"comanda/internal/clock"
)

const (
	caYears  = 10
	leafDays = 397 // the longest that browsers accept
	renewAt  = 30 * 24 * time.Hour
	retry    = time.Hour // after a failed renewal, while the old certificate is valid
)

// Authority issues the server certificate of one data folder and renews it while the server runs.
type Authority struct {
	dir   string
	hosts []string
	ca    *x509.Certificate
	key   *ecdsa.PrivateKey

	mu    sync.Mutex
	leaf  *tls.Certificate
	again time.Time // before this a failed renewal is not tried again
}

// Open reads the authority in dir, or makes one, and makes sure that its server certificate names hosts (DNS names and
// IP addresses; localhost and the loopback addresses are always included).
func Open(dir string, hosts []string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	a, err := load(dir, hosts)
	if errors.Is(err, fs.ErrNotExist) {
		if err := a.create(); err != nil {
			return nil, fmt.Errorf("localca: create: %w", err)
		}
	} else if err != nil {
		return nil, err
	}
	if _, err := a.certificate(); err != nil {
		return nil, fmt.Errorf("localca: issue: %w", err)
	}
	return a, nil
}

// load reads the authority in dir; fs.ErrNotExist when there is none yet.
func load(dir string, hosts []string) (*Authority, error) {
	a := &Authority{dir: dir, hosts: append([]string{"localhost", "127.0.0.1", "::1"}, hosts...)}
	slices.Sort(a.hosts)
	a.hosts = slices.Compact(a.hosts)
	pair, err := tls.LoadX509KeyPair(a.CAFile(), filepath.Join(dir, "ca.key"))
	if err != nil {
		return a, fmt.Errorf("localca: %s: %w", dir, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return a, fmt.Errorf("localca: %s holds a key of another kind: move the folder away to get a new authority", dir)
	}
	a.ca, a.key = pair.Leaf, key
	return a, nil
}

// Look returns the server certificate in dir and changes nothing. It refuses one that [Open] would replace: for other hosts, of
// another authority, or over.
func Look(dir string, hosts []string) (*x509.Certificate, error) {
	a, err := load(dir, hosts)
	if err != nil {
		return nil, err
	}
	pair, err := a.stored()
	if err != nil {
		return nil, fmt.Errorf("localca: %s: %w", dir, err)
	}
	if !a.fits(pair.Leaf) {
		return nil, fmt.Errorf("the certificate in %s is over, of another authority, or not for all of %s", dir, strings.Join(a.hosts, ", "))
	}
	return pair.Leaf, nil
}

func (a *Authority) stored() (tls.Certificate, error) {
	return tls.LoadX509KeyPair(filepath.Join(a.dir, "server.pem"), filepath.Join(a.dir, "server.key"))
}

// CAFile is the path of the certificate that clients must trust.
func (a *Authority) CAFile() string { return filepath.Join(a.dir, "ca.pem") }

// TLS is the server side configuration.
func (a *Authority) TLS() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.certificate() },
	}
}

// Pool trusts this authority only, for clients in the same process.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.ca)
	return p
}

func (a *Authority) create() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := clock.Now()
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "Comanda local authority of " + host},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(caYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	if a.ca, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	a.key = key
	// The key goes first: a certificate without its key would be refused at the next start.
	if err := writeKey(filepath.Join(a.dir, "ca.key"), key); err != nil {
		return err
	}
	return writePEM(a.CAFile(), "CERTIFICATE", der, 0o644)
}

// certificate returns the current leaf, issuing a new one when there is none, it is about to expire or lacks a host. As
// long as the current one is valid, a failure to renew it is logged only: a full disk must not end TLS.
func (a *Authority) certificate() (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leaf == nil {
		pair, err := a.stored()
		if err == nil && a.fits(pair.Leaf) {
			a.leaf = &pair
		}
	}
	now := clock.Now()
	if a.leaf == nil || !a.leaf.Leaf.NotAfter.After(now) {
		return a.issue()
	}
	if a.leaf.Leaf.NotAfter.Sub(now) > renewAt || now.Before(a.again) {
		return a.leaf, nil
	}
	renewed, err := a.issue()
	if err != nil {
		a.again = now.Add(retry)
		slog.Error("cannot renew the server certificate; the current one serves on", "folder", a.dir, "expires", a.leaf.Leaf.NotAfter, "error", err)
		return a.leaf, nil
	}
	return renewed, nil
}

func (a *Authority) fits(leaf *x509.Certificate) bool {
	for _, h := range a.hosts {
		if leaf.VerifyHostname(h) != nil {
			return false
		}
	}
	return leaf.CheckSignatureFrom(a.ca) == nil && leaf.NotAfter.After(clock.Now())
}

func (a *Authority) issue() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := clock.Now()
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "Comanda"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(0, 0, leafDays),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range a.hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.ca, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	if err := writeKey(filepath.Join(a.dir, "server.key"), key); err != nil {
		return nil, err
	}
	if err := writePEM(filepath.Join(a.dir, "server.pem"), "CERTIFICATE", der, 0o644); err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	a.leaf = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	return a.leaf, nil
}

func serial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, by its contract
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "PRIVATE KEY", der, 0o600)
}

// writePEM replaces the file in one step, so that a crash leaves the old one or the new one.
func writePEM(path, kind string, der []byte, mode fs.FileMode) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
