//! TLS on both sides, and certificates that are read anew.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tidegate::app::Order;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::gate::Setup;
use crate::model::{completion, whole};
use crate::wire::{Client, ask, prompt, request};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    std::fs::read(folder.join(name)).expect("a fixture")
}

/// A gate that speaks TLS on both listeners.
fn with_tls(setup: Setup) -> Setup {
    std::fs::write(setup.folder().join("cert.pem"), fixture("server.pem")).expect("a certificate");
    std::fs::write(setup.folder().join("key.pem"), fixture("server.key.pem")).expect("a key");
    setup
        .lines("tls: { cert: cert.pem, key: key.pem }\n")
        .with("admin.tls.cert", "cert.pem")
        .with("admin.tls.key", "key.pem")
}

async fn connect(address: SocketAddr, protocols: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(&fixture("authority.pem")) {
        roots.add(authority.expect("a certificate")).expect("an authority");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TcpStream::connect(address).await.expect("the gate listens");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake")
}

fn certificate(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    chain.first().map(|first| first.to_vec()).unwrap_or_default()
}

fn der(name: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(&fixture(name)).expect("a certificate").to_vec()
}

/// Waits until so many reloads came out like that, the start included.
async fn reloaded(admin: SocketAddr, outcome: &str, count: u32) {
    let line = format!("tidegate_policy_reloads_total{{outcome=\"{outcome}\"}} {count}\n");
    let mut client = Client::over(connect(admin, &[]).await);
    loop {
        client.send(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        if client.answer().await.text().contains(&line) {
            return;
        }
    }
}

#[tokio::test]
async fn both_listeners_speak_tls_and_nothing_else_when_told_to() {
    let gate = with_tls(Setup::demo()).start().await;
    let mut client = Client::over(connect(gate.data, &["http/1.1"]).await);
    client.send(request("", &prompt("a grenade")).as_bytes()).await;
    client.answer().await.is_error(400, "content_policy_violation");
    let mut admin = Client::over(connect(gate.admin, &[]).await);
    admin.send(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(admin.answer().await.status, 200);
    let mut plain = Client::connect(gate.data).await;
    plain.send(request("", &prompt("hi")).as_bytes()).await;
    assert!(!plain.closed().await.contains("HTTP/"));
}

#[tokio::test]
async fn http_2_is_chosen_by_alpn() {
    let gate = with_tls(Setup::demo()).start().await;
    let stream = connect(gate.data, &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, io).await.expect("http/2");
    tokio::spawn(connection);
    let uri = "https://localhost/v1/chat/completions";
    let call = http::Request::post(uri).header("content-type", "application/json");
    let body = http_body_util::Full::<bytes::Bytes>::from(prompt("a grenade"));
    let answer = sender.send_request(call.body(body).expect("a request")).await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.version()), (400, http::Version::HTTP_2));
}

#[tokio::test]
async fn a_reload_takes_a_new_certificate_and_keeps_the_old_one_when_the_new_one_is_bad() {
    let gate = with_tls(Setup::demo()).start().await;
    assert_eq!(certificate(&connect(gate.data, &[]).await), der("server.pem"));
    let open = connect(gate.data, &[]).await;

    // A certificate whose key has not come yet.
    std::fs::write(gate.path("cert.pem"), fixture("renewed.pem")).expect("a certificate");
    gate.order(Order::Reload).await;
    reloaded(gate.admin, "invalid", 1).await;
    assert_eq!(certificate(&connect(gate.data, &[]).await), der("server.pem"));

    std::fs::write(gate.path("key.pem"), fixture("renewed.key.pem")).expect("a key");
    gate.order(Order::Reload).await;
    reloaded(gate.admin, "ok", 2).await;
    assert_eq!(certificate(&connect(gate.data, &[]).await), der("renewed.pem"));
    assert_eq!(certificate(&connect(gate.admin, &[]).await), der("renewed.pem"));
    let mut open = Client::over(open);
    open.send(request("", &prompt("a grenade")).as_bytes()).await;
    assert_eq!(open.answer().await.status, 400, "connections that exist keep theirs");
}

/// An upstream with the certificate of the fixtures, which answers one request a connection.
async fn tls_model() -> SocketAddr {
    let chain =
        vec![CertificateDer::from_pem_slice(&fixture("server.pem")).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(&fixture("server.key.pem")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a pair");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut bytes = vec![0; 64 << 10];
            let read = stream.read(&mut bytes).await.unwrap_or(0);
            if read > 0 {
                let answer = whole(&completion("hello from behind tls"));
                stream.write_all(answer.as_bytes()).await.unwrap_or_default();
            }
            stream.shutdown().await.unwrap_or_default();
        }
    });
    address
}

#[tokio::test]
async fn an_upstream_is_trusted_by_an_authority_of_ones_own_and_by_no_other() {
    let address = tls_model().await;
    let setup = Setup::new(&format!("{{ url: 'https://{address}', tls: {{ ca: ca.pem }} }}"));
    std::fs::write(setup.folder().join("ca.pem"), fixture("authority.pem")).expect("an authority");
    let gate = setup.start().await;
    let answer = ask(gate.data, &prompt("hi")).await;
    assert!(answer.text().contains("hello from behind tls"), "{}", answer.text());

    let setup = Setup::new(&format!("{{ url: 'https://{address}', tls: {{ ca: ca.pem }} }}"));
    std::fs::write(setup.folder().join("ca.pem"), fixture("renewed.pem")).expect("another one");
    let gate = setup.start().await;
    ask(gate.data, &prompt("hi")).await.is_error(502, "upstream_unreachable");
}
