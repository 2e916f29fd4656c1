//! Every refusal of the vault in every dialect, on one page: what each room says when a check-out of a file is refused so.

use std::{fmt::Write, sync::Arc};

use axum::{
    body::to_bytes,
    http::{HeaderMap, Method},
};
use coatcheck::{
    dialects::{ROOMS, Refused, Room},
    domain::{
        actor::{Dialect, Role},
        error::{Error, Missing},
        id::{LockId, PrincipalId},
        item::Kind,
        lock::{Lock, Mode},
        name::BadName,
        permission::{Action, Denial, Gate},
        person::{Person, PrincipalKind},
    },
    http::guard::Head,
};
use insta::assert_snapshot;
use serde_json::Value;
use uuid::Uuid;

fn lock() -> Lock {
    let holder = Person {
        id: PrincipalId(Uuid::from_u128(1)),
        kind: PrincipalKind::User,
        name: "Ann Example".to_owned(),
        login: "ann".to_owned(),
        email: "ann@example.com".to_owned(),
        number: 20125,
        arena_guid: "A".repeat(20),
        oracle_id: "U".repeat(36),
        graph_id: Uuid::from_u128(2),
    };
    let taken_at = "2026-03-04T05:06:07Z".parse().unwrap();
    Lock {
        holder: Arc::new(holder),
        fence: 1,
        mode: Mode::CheckOut,
        dialect: Dialect::Graph,
        taken_at,
        expires_at: None,
        uuid: LockId(Uuid::from_u128(3)).0,
        number: 40005,
        draft_number: 40006,
        owner_text: String::new(),
        comment: None,
        folder: None,
    }
}

/// One of each kind; a new kind does not compile before it stands here.
fn refusals() -> Vec<Error> {
    let denied = |gate| Error::Denied(Denial { gate, action: Action::CheckOut });
    let mut all = vec![
        Error::Missing(Missing::Item),
        Error::Missing(Missing::Hidden),
        Error::Missing(Missing::Edition),
        Error::Missing(Missing::Library),
        Error::Missing(Missing::Principal),
        Error::Missing(Missing::Category),
        Error::Missing(Missing::Link),
        Error::Missing(Missing::Lock),
        Error::Missing(Missing::Part),
        Error::Missing(Missing::Association),
        Error::Missing(Missing::Collection),
    ];
    all.extend([Gate::Account, Gate::Scope, Gate::License, Gate::Policy, Gate::Category, Gate::Role].map(denied));
    all.extend([
        Error::Held(Box::new(lock())),
        Error::NotCheckedOut,
        Error::FenceLost,
        Error::OtherHolderNamed(Box::new(lock())),
        Error::OtherLockNamed,
        Error::WrongKind(Kind::File),
        Error::WrongKind(Kind::Folder),
        Error::NotLatest,
        Error::Frozen,
        Error::NoContent,
        Error::ContentMissing,
        Error::ContentTooLarge,
        Error::QuotaReached,
        Error::BodyBroken,
        Error::NameTaken("plan.txt".to_owned()),
        Error::LabelTaken("B".to_owned()),
        Error::CodeTaken { code: "ERP-1".to_owned(), library: 20121 },
        Error::BadName(BadName::Character),
        Error::Impossible("a root folder"),
        Error::Associated,
        Error::AlreadyAssociated,
        Error::PreconditionFailed,
        Error::CategoryNotAssignable,
        Error::LinkExpired,
        Error::AccessCode,
        Error::LinkRefused(Role::Viewer),
        Error::Invalid("text"),
        Error::BadCredentials,
        Error::LockedOut,
        Error::PasswordExpired,
        Error::NotEnabled,
        Error::NoSession,
        Error::Overloaded,
        Error::broken("the disk is on fire"),
    ]);
    all
}

async fn said(room: Room, refusal: Error) -> String {
    let head = Head {
        method: Method::POST,
        uri: "/".parse().unwrap(),
        headers: HeaderMap::new().into(),
        request_id: None,
        at: "2026-03-04T05:06:07Z".parse().unwrap(),
    };
    let answer = (room.refuse)(&head, Refused::Vault(refusal));
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(!text.contains("on fire"), "what broke is nobody's business: {text}");
    let json: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let words = match room.dialect {
        Dialect::Arena => format!("{} {}", json["errors"][0]["code"], json["errors"][0]["message"]),
        Dialect::Oracle => format!("{} {}", json["errorCode"], json["errorMessage"]),
        Dialect::Graph => {
            let error = &json["error"];
            format!("{} {} {}", error["code"], error["innerError"]["code"], error["message"])
        }
        Dialect::Liferay => {
            let class = json["error"]["type"].as_str().unwrap_or_default().rsplit('.').next().unwrap_or_default();
            format!("{class} {}", json["error"]["message"])
        }
        Dialect::Console => text,
    };
    format!("{status} {words}")
}

/// The first words of the debug form name a refusal, where it does not carry half the world.
fn name(refusal: &Error) -> String {
    if let Error::Denied(denial) = refusal {
        return format!("Denied at the gate {:?}", denial.gate);
    }
    let debug = format!("{refusal:?}");
    let carries_much = debug.contains('{') || debug.contains('"');
    if carries_much { debug.chars().take_while(|c| c.is_alphabetic()).collect() } else { debug }
}

#[tokio::test]
async fn every_refusal_in_every_dialect() {
    let mut page = String::new();
    for refusal in refusals() {
        let _ = writeln!(page, "{}", name(&refusal));
        for room in ROOMS {
            let again = refusals().into_iter().find(|other| format!("{other:?}") == format!("{refusal:?}")).unwrap();
            let _ = writeln!(page, "    {:8} {}", room.name, said(room, again).await);
        }
    }
    assert_snapshot!(page.trim_end());
}

#[tokio::test]
async fn what_may_not_be_seen_reads_like_what_is_not_there() {
    for room in ROOMS {
        let (missing, hidden) =
            (said(room, Error::Missing(Missing::Item)).await, said(room, Error::Missing(Missing::Hidden)).await);
        // its vendor documents the difference (spec/oracle.md 3.3)
        if room.dialect == Dialect::Oracle {
            assert_ne!(missing, hidden);
        } else {
            assert_eq!(missing, hidden);
        }
    }
}
