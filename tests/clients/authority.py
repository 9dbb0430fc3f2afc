"""Certificates for tests, made with the openssl command."""

import subprocess

# What `openssl ca` needs: it alone can issue an expired certificate with OpenSSL 3.0 and 3.5.
SETTINGS = """
[ca]
default_ca = authority
[authority]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any_name
copy_extensions = copy
x509_extensions = issued
[any_name]
commonName = supplied
[issued]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


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
            "-keyout", self.key, "-out", self.file, "-days", "2", "-subj", "/CN=Wire Test Authority",
            "-addext", "keyUsage=critical,keyCertSign")

        self.settings = folder / "ca.cnf"
        self.settings.write_text(SETTINGS.format(folder=folder))
        (folder / "index.txt").touch()

    def issue(self, name, alt_names="DNS:localhost,IP:127.0.0.1", expired=False):
        """Returns a file with a key and its certificate."""
        key, request, out = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-out", request, "-subj", f"/CN={name}", "-addext", f"subjectAltName={alt_names}")
        time = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"] if expired else ["-days", "1"]
        run("openssl", "ca", "-batch", "-notext", "-config", self.settings, "-in", request, "-cert", self.file,
            "-keyfile", self.key, *time, "-out", out)
        both = self.folder / f"{name}.pem"
        both.write_text(out.read_text() + key.read_text())
        return both
