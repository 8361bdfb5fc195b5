package interop

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"comanda/internal/localca"
)

// apacheSite is a virtual host that signs its visitors in by one response type and mode.
type apacheSite struct{ Type, Mode string }

func (s apacheSite) name() string { return strings.ReplaceAll(s.Type, " ", "-") + "." + s.Mode }

func (s apacheSite) origin() string { return "https://" + s.Host() }

// Host is the name of the site; only Chromium's rule resolves it.
func (s apacheSite) Host() string {
	return strings.NewReplacer("_", "-", " ", "-").Replace(s.Type+"-"+s.Mode) + ".rp.test"
}

var apacheSites = []apacheSite{
	{"code", "query"},
	{"code", "form_post"},
	{"code id_token", "fragment"},
	{"code id_token", "form_post"},
	{"code token", "fragment"},
	{"code token", "form_post"},
	{"code id_token token", "fragment"},
	{"code id_token token", "form_post"},
}

// TestApache signs a person in to Apache's mod_auth_openidc (Debian's package) with Chromium, by every response type and
// mode and with PKCE: what they may not see without is shown with the claims of who they are, and signing out ends it.
func TestApache(t *testing.T) {
	module := apacheModules(t)
	chromium(t)
	p := subject(t)
	site := startApache(t, p, module)
	b := openBrowser(t, map[string]string{"*.rp.test": site.address}, p.keyPin, site.keyPin)

	for _, s := range apacheSites {
		t.Run(s.name(), func(t *testing.T) {
			tab := b.tab(t)
			tab.open(s.origin() + "/private/me.shtml")
			tab.signIn(p.person, func(at page) bool { return at.is(s.origin()+"/private/me.shtml") && at.has("email:") })
			shown := tab.text()
			want := []string{"email: " + p.person.email, "verified: 1", "iss: " + p.issuer, "user: "}
			for _, w := range want {
				if !strings.Contains(shown, w) {
					t.Errorf("the page lacks %q: %s", w, shown)
				}
			}
			if strings.Contains(shown, "(none)") {
				t.Errorf("a claim is missing: %s", shown)
			}

			tab.open(s.origin() + "/callback?logout=" + s.origin() + "/signed-out.html")
			tab.signOut(func(at page) bool { return at.is(s.origin() + "/signed-out.html") })
			tab.open(s.origin() + "/private/me.shtml")
			tab.until("the sign-in is asked for again", func(at page) bool { return strings.HasPrefix(at.URL, p.issuer) && at.Password })
		})
	}
}

// apacheModules finds the folder of Apache's modules.
func apacheModules(t *testing.T) string {
	t.Helper()
	const folder = "/usr/lib/apache2/modules"
	if _, err := os.Stat("/usr/sbin/apache2"); err != nil {
		missing(t, "apache", "Apache is not installed: apt-get install apache2 libapache2-mod-auth-openidc")
	}
	if _, err := os.Stat(filepath.Join(folder, "mod_auth_openidc.so")); err != nil {
		missing(t, "apache", "mod_auth_openidc is not installed: apt-get install libapache2-mod-auth-openidc")
	}
	return folder
}

type apache struct{ address, keyPin string }

var apacheConfig = template.Must(template.New("").Parse(`ServerRoot {{.Folder}}
PidFile {{.Folder}}/apache.pid
Mutex file:{{.Folder}}
ErrorLog /dev/stderr
LogLevel warn auth_openidc:warn
ServerName rp.test
{{range .Modules}}LoadModule {{.}}_module {{$.ModuleFolder}}/mod_{{.}}.so
{{end}}
{{- if .User}}User {{.User}}
Group {{.User}}
{{end -}}
TypesConfig /dev/null
AddType text/html .html .shtml
AddOutputFilter INCLUDES .shtml
DocumentRoot {{.Folder}}/site
Listen {{.Address}} https
StartServers 1
MinSpareThreads 1
MaxSpareThreads 16
SSLCertificateFile {{.Folder}}/server.pem
SSLCertificateKeyFile {{.Folder}}/server.key
<Directory {{.Folder}}/site>
  Options +Includes
</Directory>
# Chromium is told to find the sites here under the port that everybody leaves out, as behind a proxy.
RequestHeader set X-Forwarded-Port 443 early
OIDCXForwardedHeaders X-Forwarded-Port
OIDCSSLValidateServer On
OIDCCABundlePath {{.Trusted}}
{{range .Sites}}
<VirtualHost {{$.Address}}>
  ServerName {{.Host}}
  UseCanonicalName On
  SSLEngine On
  OIDCProviderMetadataURL {{$.Issuer}}/.well-known/openid-configuration
  OIDCClientID {{$.Client.ID}}
  OIDCClientSecret {{$.Client.Secret}}
  OIDCProviderTokenEndpointAuth client_secret_basic
  OIDCRedirectURI https://{{.Host}}/callback
  OIDCRedirectURLsAllowed ^https://{{.Host}}/
  OIDCCryptoPassphrase {{$.Passphrase}}
  OIDCResponseType "{{.Type}}"
  {{if ne .Mode "query"}}OIDCResponseMode {{.Mode}}{{end}}
  OIDCPKCEMethod S256
  OIDCScope "openid profile email api"
  OIDCPassClaimsAs environment
  OIDCRemoteUserClaim sub
  <Location /private>
    AuthType openid-connect
    Require valid-user
  </Location>
  <Location /callback>
    AuthType openid-connect
    Require valid-user
  </Location>
</VirtualHost>
{{end}}`))

const apachePage = `<!doctype html><html><head><title>Private</title></head><body><pre>
email: <!--#echo var="OIDC_CLAIM_email" -->
verified: <!--#echo var="OIDC_CLAIM_email_verified" -->
iss: <!--#echo var="OIDC_CLAIM_iss" -->
sub: <!--#echo var="OIDC_CLAIM_sub" -->
user: <!--#echo var="REMOTE_USER" -->
</pre></body></html>`

// startApache runs an Apache of our own, never the system's service, on a loopback address.
func startApache(t *testing.T, p *provider, modules string) apache {
	t.Helper()
	// Its workers run as another user when the test runs as root, so the folder is one that everybody may enter.
	folder := must(os.MkdirTemp("", "comanda-apache"))(t)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	check(t, os.Chmod(folder, 0o755))
	var hosts []string
	for _, s := range apacheSites {
		hosts = append(hosts, s.Host())
	}
	own := must(localca.Open(folder, hosts))(t)
	site := filepath.Join(folder, "site")
	check(t, os.MkdirAll(filepath.Join(site, "private"), 0o755))
	check(t, os.WriteFile(filepath.Join(site, "private", "me.shtml"), []byte(apachePage), 0o644))
	check(t, os.WriteFile(filepath.Join(site, "signed-out.html"), []byte("<!doctype html><title>Out</title><p>Signed out</p>"), 0o644))
	trusted := filepath.Join(folder, "provider.pem")
	check(t, os.WriteFile(trusted, must(os.ReadFile(p.trusted))(t), 0o644))

	user := ""
	if os.Getuid() == 0 {
		user = "www-data"
	}
	address := freeAddress(t)
	var config bytes.Buffer
	check(t, apacheConfig.Execute(&config, map[string]any{
		"Folder": folder, "ModuleFolder": modules, "User": user, "Address": address, "Trusted": trusted, "Issuer": p.issuer,
		"Client": p.clients["apache"], "Passphrase": rand.Text(), "Sites": apacheSites,
		"Modules": []string{"mpm_event", "authn_core", "authz_core", "authz_user", "mime", "headers", "filter", "include", "ssl", "socache_shmcb", "auth_openidc"},
	}))
	file := filepath.Join(folder, "apache.conf")
	check(t, os.WriteFile(file, config.Bytes(), 0o644))
	start(t, exec.CommandContext(context.Background(), "/usr/sbin/apache2", "-f", file, "-DFOREGROUND"), "LC_ALL=C")
	eventually(t, "Apache listens", func() string {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return ""
		}
		_ = c.Close()
		return "yes"
	})
	return apache{address, keyPin(t, address, own.Pool())}
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
