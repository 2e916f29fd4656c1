//! Multipart bodies: fields are parameters, a part with a file name is the content of the method that takes it, written to
//! the content store as it arrives (spec/liferay.md 2.5, 3).

use axum::{body::Body, http::HeaderMap};
use http_body::Body as _;

use super::{Brought, invoke};
use crate::{
    dialects::liferay::{
        call::{Desk, said},
        choose::Target,
        convert::number,
        error::{Error, Operation, Subject},
        find,
        methods::Method,
        parameters::{Given, Parameters},
        upload::{self, Received, Upload},
    },
    domain::permission::Action,
    http::multipart::{Limits, Multipart, Part},
    vault::Look,
};

/// Reads a whole body. Parts that nothing takes are read past.
pub async fn read(
    desk: &Desk,
    segments: &[String],
    headers: &HeaderMap,
    body: Body,
    brought: &mut Brought,
) -> Result<(), Error> {
    if body.is_end_stream() {
        // no parts at all, as some clients send a form without fields
        return Ok(());
    }
    let limits = desk.hall.limits;
    let mut multipart = Multipart::open(
        headers,
        body,
        Limits { parts: limits.parts, files: limits.parts, body: limits.file.saturating_add(limits.text as u64) },
    )?;
    let in_path = match segments {
        [_, _, rest @ ..] => Parameters::of_path(rest)?,
        _ => Parameters::default(),
    };
    let mut room = limits.text;
    while let Some(part) = multipart.next().await? {
        let name = part.name.clone();
        if part.file_name.is_none() {
            let text = part.text(room).await?;
            room = room.saturating_sub(text.len());
            brought.given.add(&name, Given::Text(text))?;
        } else if !brought.given.has(&name) {
            let known = in_path.clone().overlaid(brought.given.clone());
            let upload = receive(desk, segments, &name, &known, part).await?;
            brought.given.add(&name, Given::Upload(upload))?;
        }
    }
    Ok(())
}

/// Receives a part for the method the request will call, after asking whether its caller may: no stranger's bytes are
/// written, or even read. What is known of the file or folder by then is what came before the part, as clients send it.
async fn receive(
    desk: &Desk,
    segments: &[String],
    name: &str,
    known: &Parameters,
    part: Part,
) -> Result<Upload, Error> {
    let file_name = part.file_name.clone().unwrap_or_default();
    let media_type = part.media_type.clone();
    let takes = |method: &&Method| method.parameter(name).is_some_and(|parameter| parameter.kind.takes_bytes());
    let (target, known) = called(segments, known);
    let received = match target.and_then(|target| target.candidates().find(takes)) {
        Some(method) if desk.actor.account.is_none() => return Err(method.closed_to_guests()),
        Some(method) => {
            let look = look(desk, method, &known).await?;
            upload::receive(&desk.hall.vault, &desk.actor, part, look).await?
        }
        // bytes that nothing takes
        None => Received::Refused(Error::IllegalArgument(None)),
    };
    Ok(Upload::new(file_name, media_type, received))
}

/// The method the path names and what is known of its parameters; or the first command of an `invoke` whose `cmd` came
/// before the part.
fn called(segments: &[String], known: &Parameters) -> (Option<Target>, Parameters) {
    let command = match (segments, known.get("cmd")) {
        ([invoke], Some(Given::Text(text))) if invoke == "invoke" => invoke::first(text.as_bytes()),
        _ => None,
    };
    match (command, segments) {
        (Some((target, parameters)), _) => (Some(target), known.clone().overlaid(parameters)),
        (None, [service, method, ..]) => (Some(Target::new(service, method)), known.clone()),
        (None, _) => (None, known.clone()),
    }
}

/// Looks at what the bytes are for and asks whether the caller may; `None` when it is not known yet.
async fn look(desk: &Desk, method: &Method, known: &Parameters) -> Result<Option<Box<Look>>, Error> {
    let (vault, actor) = (&desk.hall.vault, &desk.actor);
    let given = |name: &str| known.get(name).and_then(|value| number(value).ok());
    let (look, action, operation, subject) = if method.parameter("fileEntryId").is_some() {
        let Some(file) = given("fileEntryId") else { return Ok(None) };
        let look = find::file(vault, actor, file).await?;
        (look, Action::SaveDraft, Operation::Update, Subject::File(file))
    } else {
        let site = if method.parameter("repositoryId").is_some() { "repositoryId" } else { "groupId" };
        let (Some(group), Some(folder)) = (given(site), given("folderId")) else { return Ok(None) };
        let look = find::folder_in(vault, actor, group, folder).await?;
        (look, Action::Create, Operation::AddDocument, Subject::Folder(folder))
    };
    look.check(actor, action).map_err(said(actor, operation, &subject))?;
    Ok(Some(Box::new(look)))
}
