package app

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"time"

	"comanda/internal/clock"
)

// tlsRecord is the first byte of a TLS handshake; no HTTP method begins with it.
const tlsRecord = 0x16

// sniffTimeout bounds how long a connection may stay silent before its first byte.
const sniffTimeout = 10 * time.Second

// acceptPause is the rest after a failed accept.
const acceptPause = 50 * time.Millisecond

// split sends the connections of one listener to two: those that begin a TLS handshake, and the rest. Thus a client that
// speaks plain HTTP to the HTTPS port is told so in its own tongue. Closing either returned listener closes both.
func split(l net.Listener) (secure, plain net.Listener) {
	s := &splitter{Listener: l, done: make(chan struct{})}
	secure = &half{s, make(chan net.Conn)}
	plain = &half{s, make(chan net.Conn)}
	go s.run(secure.(*half), plain.(*half))
	return secure, plain
}

type splitter struct {
	net.Listener
	once sync.Once
	done chan struct{}
}

func (s *splitter) run(secure, plain *half) {
	defer s.stop()
	for {
		c, err := s.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select { // out of file descriptors, most likely: it passes
			case <-time.After(acceptPause):
			case <-s.done:
			}
			continue
		}
		go func() {
			sniffed := &sniffedConn{Conn: c, r: bufio.NewReaderSize(c, 4096)}
			_ = c.SetReadDeadline(clock.Mono().Add(sniffTimeout))
			first, err := sniffed.r.Peek(1)
			_ = c.SetReadDeadline(time.Time{})
			if err != nil {
				_ = c.Close()
				return
			}
			to := plain
			if first[0] == tlsRecord {
				to = secure
			}
			select {
			case to.conns <- sniffed:
			case <-s.done:
				_ = c.Close()
			}
		}()
	}
}

func (s *splitter) stop() { s.once.Do(func() { close(s.done); _ = s.Listener.Close() }) }

type half struct {
	*splitter
	conns chan net.Conn
}

func (h *half) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *half) Close() error { h.stop(); return nil }

// sniffedConn gives back the byte that was looked at.
type sniffedConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *sniffedConn) Read(p []byte) (int, error) {
	if c.r != nil {
		if c.r.Buffered() > 0 {
			return c.r.Read(p)
		}
		c.r = nil // only the first bytes are buffered; afterwards the socket is read directly
	}
	return c.Conn.Read(p)
}
