package capture

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// maxCertificates bounds how many certificates of one file are read, and maxCertFile its size.
const (
	maxCertificates = 32
	maxCertFile     = 256 << 10
)

// certificates keeps what Docker's certificates say of themselves: a node whose certificate has expired is out of the swarm.
var certificates = &Collector{
	Name: "certificate",
	Doc: "Certificates of the swarm (swarm/certificates/swarm-node.crt and swarm-root-ca.crt below Docker's root) and those of the daemon's API, " +
		"as far as its configuration names them: whose, by whom, valid from and until. Keys are not opened.",
	Needs:   "root: the folder is closed to others",
	Effects: "none",
	Since:   "0.2.0",
	Tables:  []string{"certificate"},
	Daemon:  true, // the daemon says where its root is
	Run: func(_ context.Context, h *Host, s *Sink) error {
		settings := h.daemon.settings()
		dir := path.Join(h.dataRoot(), "swarm/certificates")
		files := []struct{ kind, name string }{
			{"swarm-node", path.Join(dir, "swarm-node.crt")}, {"swarm-ca", path.Join(dir, "swarm-root-ca.crt")},
			{"api", settings.cert}, {"api-ca", settings.ca},
		}
		var errs []error
		found := 0
		for _, f := range files {
			if f.name == "" {
				continue
			}
			rows, err := readCertificates(h.Options, f.kind, f.name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			errs = append(errs, err)
			for i := range rows {
				found++
				if err := s.Put(&rows[i]); err != nil {
					return err
				}
			}
		}
		if err := errors.Join(errs...); err != nil || found > 0 {
			return err
		}
		return &Incomplete{schema.Absent, "no certificates in " + dir + ", and none of the API configured"}
	},
}

// readCertificates reads the certificates of a file.
func readCertificates(o Options, kind, name string) ([]schema.Certificate, error) {
	if strings.HasSuffix(name, ".key") {
		return nil, fmt.Errorf("%s: named like a key: not opened", name)
	}
	data, whole, err := o.readHostFile(name, maxCertFile)
	if err != nil {
		return nil, err
	}
	rows, err := parseCertificates(data)
	for i := range rows {
		rows[i].Kind, rows[i].Path = kind, name
		if real, err := o.resolve(name); err == nil {
			if st, err := os.Stat(o.path(real)); err == nil {
				rows[i].ModTime = st.ModTime().UTC()
			}
		}
	}
	switch {
	case err != nil:
		return rows, fmt.Errorf("%s: %w", name, err)
	case !whole:
		return rows, &Incomplete{schema.Truncated, fmt.Sprintf("%s: the first %d bytes", name, maxCertFile)}
	case len(rows) == 0:
		return nil, fmt.Errorf("%s: no certificate in it", name)
	}
	return rows, nil
}

// parseCertificates reads the certificates of a PEM text. Blocks of any other kind are skipped, keys among them.
func parseCertificates(text []byte) ([]schema.Certificate, error) {
	var rows []schema.Certificate
	var errs []error
	for len(rows)+len(errs) < maxCertificates {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			errs = append(errs, errors.New("a certificate that cannot be parsed"))
			continue
		}
		sum := sha256.Sum256(c.Raw)
		names := append([]string(nil), c.DNSNames...)
		for _, ip := range c.IPAddresses {
			names = append(names, net.IP(ip).String())
		}
		row := schema.Certificate{
			Position: int64(len(rows)), SubjectCN: c.Subject.CommonName, SubjectOU: strings.Join(c.Subject.OrganizationalUnit, ","),
			SubjectO: strings.Join(c.Subject.Organization, ","), IssuerCN: c.Issuer.CommonName, Serial: c.SerialNumber.Text(16),
			NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), Names: strings.Join(names, ","),
			Signer: hex.EncodeToString(c.AuthorityKeyId), Key: hex.EncodeToString(c.SubjectKeyId), SHA256: hex.EncodeToString(sum[:]),
		}
		if c.BasicConstraintsValid {
			row.CA = &c.IsCA
		}
		rows = append(rows, row)
	}
	return rows, errors.Join(errs...)
}
