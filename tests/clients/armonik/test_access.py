"""Who may call: by what a trusted proxy says, and by certificates; the package's own client brings both."""

import contextlib
import subprocess

import pytest
from clients.armonik.conftest import live
from clients.armonik.environments import NEW
from clients.armonik.program import Client, Refused, options

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]
RULES = """
[doors.armonik.auth]
require_authentication = true
trusted_headers = {headers}
[doors.armonik.auth.roles]
reader = ["Sessions:ListSessions", "Sessions:GetSession"]
writer = ["Sessions:CreateSession", "Sessions:ListSessions", "General:Impersonate:reader"]
[doors.armonik.auth.users]
ann = ["writer"]
bob = ["reader"]
[[doors.armonik.auth.certificates]]
user = "ann"
cn = "ann.example"
fingerprint = "{fingerprint}"
[[doors.armonik.auth.certificates]]
user = "bob"
cn = "bob.example"
"""
PRINT = "a" * 40
CREATE = {"default_task_option": {"max_retries": 1, "priority": 1, "max_duration": "60s"}}


@pytest.fixture(scope="module")
def release():
    return NEW


class TestHeaders:
    @pytest.fixture
    def server(self):
        with live(head=RULES.format(headers="true", fingerprint=PRINT)) as running:
            yield running

    def test_headers_of_a_proxy_name_the_caller(self, server, client):
        def call(service, rpc, request, *pairs):
            return client.rpc(service, rpc, request, [list(pair) for pair in pairs])

        ann = (("x-certificate-client-cn", "ann.example"), ("x-certificate-client-fingerprint", PRINT))
        bob = (("x-certificate-client-cn", "bob.example"), ("x-certificate-client-fingerprint", "b" * 40))
        false = (("x-certificate-client-cn", "ann.example"), ("x-certificate-client-fingerprint", "c" * 40))
        nobody = (("x-certificate-client-cn", "eve.example"),)
        for who in ((), false, nobody):
            with pytest.raises(Refused, match="UNAUTHENTICATED"):
                call("Sessions", "ListSessions", {}, *who)
        session = call("Sessions", "CreateSession", CREATE, *ann)["session_id"]
        assert call("Sessions", "GetSession", {"session_id": session}, *bob)["session"]["session_id"] == session
        with pytest.raises(Refused, match="PERMISSION_DENIED"):
            call("Sessions", "CreateSession", CREATE, *bob)
        with pytest.raises(Refused, match="PERMISSION_DENIED"):
            call("Sessions", "GetSession", {"session_id": session}, *ann)
        as_bob = (*ann, ("x-impersonate-username", "bob"))
        assert call("Sessions", "GetSession", {"session_id": session}, *as_bob)["session"]["session_id"] == session
        with pytest.raises(Refused, match="PERMISSION_DENIED"):
            call("Sessions", "ListSessions", {}, *bob, ("x-impersonate-username", "ann"))
        user = call("Authentication", "GetCurrentUser", {}, *as_bob)["user"]
        assert (user["username"], user["roles"]) == ("bob", ["reader"])
        assert set(user["permissions"]) == {"Sessions:ListSessions", "Sessions:GetSession"}


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """Make an authority, the server's certificate and those of two clients, one of them unknown to the server."""
    folder = tmp_path_factory.mktemp("papers")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority", "-days", "2")
    for name, more in (
        ("localhost", ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]),
        ("ann", []),
        ("eve", []),
    ):
        subject = name if more else f"{name}.example"
        request = ("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}", *more)
        openssl(folder, *request)
        sign = ("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        openssl(folder, *sign, "-copy_extensions", "copy", "-days", "2", "-out", f"{name}.pem")
    openssl(folder, "pkcs12", "-export", "-in", "ann.pem", "-inkey", "ann.key", "-out", "ann.p12", "-passout", "pass:")
    return folder


class TestCertificates:
    @pytest.fixture
    def server(self, papers):
        words = ("openssl", "x509", "-in", "ann.pem", "-noout", "-fingerprint", "-sha1")
        told = subprocess.run(words, cwd=papers, check=True, capture_output=True, text=True).stdout
        rules = RULES.format(headers="false", fingerprint=told.strip().partition("=")[2])
        names = {"tls_cert": "localhost.pem", "tls_key": "localhost.key", "tls_client_ca": "ca.pem"}
        auth = "[auth]\n" + "".join(f'{key} = "{papers / name}"\n' for key, name in names.items())
        with live(head=auth + rules) as running:
            yield running

    @pytest.fixture
    def connect(self, server, papers, tmp_path, release):
        with contextlib.ExitStack() as stack:

            def connected(**files):
                given = {key: str(papers / name) for key, name in files.items()}
                uri = f"https://{server.endpoints['armonik']}"
                found = Client(release, uri, tmp_path / "log", certificate_authority=str(papers / "ca.pem"), **given)
                stack.callback(found.close)
                return found

            yield connected

    def test_a_certificate_names_the_caller(self, connect):
        for files in (
            {"client_certificate": "ann.pem", "client_key": "ann.key"},
            {"client_certificate": "ann.p12"},
        ):
            ann = connect(**files)
            assert ann.sessions.create_session(options(), [])
            assert ann.rpc("Authentication", "GetCurrentUser", {})["user"]["username"] == "ann"
            with pytest.raises(Refused, match="PERMISSION_DENIED"):
                ann.sessions.get_session("x")

    def test_others_are_not_let_in(self, connect):
        eve = connect(client_certificate="eve.pem", client_key="eve.key")
        with pytest.raises(Refused, match="UNAUTHENTICATED"):
            eve.sessions.create_session(options(), [])
        header = [["x-certificate-client-cn", "bob.example"]]
        with pytest.raises(Refused, match="UNAUTHENTICATED"):
            eve.rpc("Sessions", "ListSessions", {}, header)
        with pytest.raises(Refused, match=r"UNAUTHENTICATED|UNAVAILABLE"):
            connect().sessions.create_session(options(), [])
