"""Certificates for tests, made with the openssl command."""

import subprocess


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done


class Authority:
    """A certificate authority in a folder, made with the openssl command."""

    def __init__(self, folder):
        self.folder = folder
        self.key, self.file = folder / "ca.key", folder / "ca.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", self.key, "-out", self.file, "-days", "2", "-subj", "/CN=Wire Test Authority")

    def issue(self, name, alt_names="DNS:localhost,IP:127.0.0.1", days=1):
        """Key and certificate in one file. With -1 day it is expired."""
        key, request, out = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-out", request, "-subj", f"/CN={name}", "-addext", f"subjectAltName={alt_names}")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
            "-days", str(days), "-copy_extensions", "copy", "-out", out)
        both = self.folder / f"{name}.pem"
        both.write_text(out.read_text() + key.read_text())
        return both
