//! Somebody's server that wants to be notified, and subscriptions of it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use coatcheck::{
    app,
    config::Config,
    http::{
        certificate::{self, Name, Validity},
        health::Draining,
        serve::{self, Doors},
        tls::{Files, Tls},
    },
    run::relay::Relay,
    vault::Vault,
};
use rustls::pki_types::UnixTime;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::mpsc};

use super::{
    answer::Answer,
    graph::Graph,
    server::{self, Server},
};

/// An end that every subscription of these tests may have.
pub const END: &str = "2026-03-20T00:00:00Z";

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it should be: the token, 202.
    Good,
    /// With this status.
    Status(u16),
    /// The token and one letter more.
    Wrong,
    /// The token as another type.
    Html,
    /// The token after a lot of text.
    Huge,
    /// It is to be found elsewhere.
    Elsewhere,
    /// Not at all.
    Silent,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub content_type: String,
    pub body: String,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The token of a validation.
    pub fn token(&self) -> Option<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let mut options = form_urlencoded::parse(query.as_bytes());
        options.find(|(name, _)| name == "validationToken").map(|(_, value)| value.into_owned())
    }
}

#[derive(Clone)]
struct Inner {
    validation: Arc<Mutex<Manner>>,
    notification: Arc<Mutex<Manner>>,
    validations: mpsc::UnboundedSender<Heard>,
    notifications: mpsc::UnboundedSender<Heard>,
    count: Arc<AtomicUsize>,
}

/// The server. It stops when it is dropped.
pub struct Receiver {
    pub address: SocketAddr,
    /// What its addresses start with.
    base: String,
    /// The file with the authority that has signed its certificate, if it speaks TLS.
    pub authority: PathBuf,
    inner: Inner,
    validations: mpsc::UnboundedReceiver<Heard>,
    notifications: mpsc::UnboundedReceiver<Heard>,
    serving: tokio::task::JoinHandle<()>,
    _folder: TempDir,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::start_with(false).await
    }

    /// One that speaks TLS, with a certificate of an authority of its own.
    pub async fn start_secure() -> Self {
        Self::start_with(true).await
    }

    async fn start_with(secure: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (to_validations, validations) = mpsc::unbounded_channel();
        let (to_notifications, notifications) = mpsc::unbounded_channel();
        let good = || Arc::new(Mutex::new(Manner::Good));
        let inner = Inner {
            validation: good(),
            notification: good(),
            validations: to_validations,
            notifications: to_notifications,
            count: Arc::default(),
        };
        let router = Router::new().fallback(hear).with_state(inner.clone());
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("authority");
        let (doors, base) = if secure {
            let doors = Doors { plain: None, secure: Some((listener, paper(folder.path(), &authority))) };
            (doors, format!("https://localhost:{}", address.port()))
        } else {
            (Doors { plain: Some(listener), secure: None }, format!("http://{address}"))
        };
        let limits = app::connection_limits(&server::config(&[]));
        let serving = tokio::spawn(async move {
            serve::serve(doors, router, limits, Draining::default(), std::future::pending()).await;
        });
        Self { address, base, authority, inner, validations, notifications, serving, _folder: folder }
    }

    /// The entry that lists it in the configuration.
    pub fn host(&self) -> String {
        self.base.replace("https://", "")
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// How it answers validations from now on.
    pub fn validates(&self, manner: Manner) {
        *self.inner.validation.lock().unwrap() = manner;
    }

    /// How it answers notifications from now on.
    pub fn takes(&self, manner: Manner) {
        *self.inner.notification.lock().unwrap() = manner;
    }

    /// How many requests have come.
    pub fn count(&self) -> usize {
        self.inner.count.load(Ordering::SeqCst)
    }

    /// The validations that have come since it was asked last.
    pub fn validations(&mut self) -> Vec<Heard> {
        std::iter::from_fn(|| self.validations.try_recv().ok()).collect()
    }

    /// The notifications that have come since it was asked last.
    pub fn notifications(&mut self) -> Vec<Heard> {
        std::iter::from_fn(|| self.notifications.try_recv().ok()).collect()
    }

    /// The next notification, whenever it comes.
    pub async fn notification(&mut self) -> Heard {
        let next = tokio::time::timeout(Duration::from_mins(1), self.notifications.recv());
        next.await.expect("a notification comes").expect("it listens")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A certificate for this machine, and the authority that has signed it in a file.
fn paper(folder: &Path, authority: &Path) -> Tls {
    let now = UnixTime::now().as_secs();
    let signer = certificate::make_authority(now).unwrap();
    let names = [Name::parse("localhost").unwrap()];
    let made = certificate::issue(&signer.key, &names, Validity { from: now, days: 30 }).unwrap();
    let files = Files { certificate: folder.join("crt"), key: folder.join("key") };
    for (file, text) in
        [(authority, signer.certificate), (&files.certificate, made.certificate), (&files.key, made.key)]
    {
        std::fs::write(file, text).unwrap();
    }
    Tls::open(files).unwrap()
}

async fn hear(State(inner): State<Inner>, request: Request) -> Response {
    inner.count.fetch_add(1, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    let kind = head.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
    let heard = Heard {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        content_type: kind.unwrap_or_default(),
        body: String::from_utf8(axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap(),
    };
    let token = heard.token();
    let (manner, teller) = match token {
        Some(_) => (*inner.validation.lock().unwrap(), &inner.validations),
        None => (*inner.notification.lock().unwrap(), &inner.notifications),
    };
    let _ = teller.send(heard);
    let text = |text: String| ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response();
    let token = token.unwrap_or_default();
    match manner {
        Manner::Good if token.is_empty() => StatusCode::ACCEPTED.into_response(),
        Manner::Good => text(token),
        Manner::Status(status) => (StatusCode::from_u16(status).unwrap(), text(token)).into_response(),
        Manner::Wrong => text(format!("{token}x")),
        Manner::Html => ([(CONTENT_TYPE, "text/html")], token).into_response(),
        Manner::Huge => text("x".repeat(1 << 20) + &token),
        Manner::Elsewhere => {
            let place = if token.is_empty() { "/else".to_owned() } else { format!("/else?validationToken={token}") };
            (StatusCode::TEMPORARY_REDIRECT, [("location", place)]).into_response()
        }
        Manner::Silent => std::future::pending().await,
    }
}

/// A server, and somebody whom it may notify.
pub async fn notified() -> (Server, Receiver) {
    notified_with(&[]).await
}

/// The same with some settings changed.
pub async fn notified_with(settings: &[(&'static str, &str)]) -> (Server, Receiver) {
    let receiver = Receiver::start().await;
    let host = receiver.host();
    let mut all = vec![("graph.notification_hosts", host.as_str())];
    all.extend_from_slice(settings);
    (Server::start_with(&all).await, receiver)
}

/// Who tells subscribers on a node.
pub fn relay_of(vault: &Vault, config: &Config) -> Relay {
    let hall = app::hall(vault.clone(), config);
    Relay::new(vault.clone(), hall.outgoing.clone(), app::words(hall))
}

impl Server {
    pub fn relay(&self) -> Relay {
        relay_of(&self.vault, &self.config)
    }

    /// What asks for a subscription of the world's library.
    pub fn wanted(&self, url: &str) -> Value {
        json!({
            "changeType": "updated",
            "notificationUrl": url,
            "resource": format!("/drives/{}/root", self.world.library.graph_id),
            "expirationDateTime": END,
            "clientState": "known to us only",
        })
    }
}

impl Graph<'_> {
    pub async fn subscribe(&self, body: Value) -> Answer {
        self.post_json("/v1.0/subscriptions", body).await
    }

    /// A subscription of the world's library; its address.
    pub async fn subscribed(&self, receiver: &Receiver) -> String {
        let made = self.subscribe(self.server.wanted(&receiver.url("/hook"))).await.expect(201);
        format!("/v1.0/subscriptions/{}", made.json()["id"].as_str().unwrap())
    }
}
