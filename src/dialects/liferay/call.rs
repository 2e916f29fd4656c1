//! One call of a method, whichever form it came in (spec/liferay.md 3, 15): the overload is chosen, guests are turned
//! away, values are converted, the handler runs.

use serde_json::Value;

use super::{
    choose::Target,
    convert::{Argument, Context, Increase, Payload, SearchContext, convert},
    error::{Error, Operation, Refused, Subject},
    methods::Method,
    parameters::Parameters,
};
use crate::{
    dialects::Hall,
    domain::{
        actor::Actor,
        edition::Publish,
        error::{Error as Refusal, Missing},
        external::ExternalCode,
        version::Step,
    },
    vault::Vault,
};

/// Most media types that a list is narrowed to.
const MOST_TYPES: usize = 100;

/// A call, ready to be made.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which method.
    pub target: Target,
    /// What was given, from all sources, the later ones in place of the earlier.
    pub given: Parameters,
    /// The HTTP method as refusals name it: `null` inside of invoke and JSON-RPC.
    pub word: String,
}

/// Who calls, and where calls are made.
pub struct Desk {
    /// The house.
    pub hall: Hall,
    /// The caller; anonymous for guests.
    pub actor: Actor,
    /// The last method called, for the log.
    pub operation: Option<&'static str>,
    /// Whether that method was reached: all its parameters could be converted.
    pub reached: bool,
}

impl Desk {
    /// Where this caller's calls are made.
    pub fn new(hall: Hall, actor: Actor) -> Self {
        Self { hall, actor, operation: None, reached: false }
    }

    /// This room's settings.
    pub fn settings(&self) -> &super::Settings {
        &self.hall.liferay
    }

    /// Makes a call. Null is the answer of a method that answers nothing.
    pub async fn call(&mut self, call: Call) -> Result<Value, Error> {
        self.reached = false;
        let (method, given) = self.choose(call)?;
        self.operation = Some(method.name);
        if self.actor.account.is_none() && !method.service.guests {
            return Err(method.closed_to_guests());
        }
        let arguments = method
            .parameters
            .iter()
            .chain(method.later())
            .map(|parameter| Ok((parameter.name, convert(parameter, &given)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        self.reached = true;
        (method.handler)(Ask { hall: self.hall.clone(), actor: self.actor.clone(), arguments }).await
    }

    /// A second attempt adds what every caller has (spec/liferay.md 2.2).
    fn choose(&self, call: Call) -> Result<(&'static Method, Parameters), Error> {
        let refused = match call.target.choose(&call.given, &call.word) {
            Ok(method) => return Ok((method, call.given)),
            Err(refused) => refused,
        };
        let user = self.actor.person().map_or(0, |person| person.number);
        let given = call.given.or([("userId", user), ("companyId", self.hall.liferay.company)]);
        let method = call.target.choose(&given, &call.word).map_err(|_| refused)?;
        Ok((method, given))
    }
}

/// What a handler is asked: who calls, and with which arguments.
pub struct Ask {
    hall: Hall,
    /// The caller.
    pub actor: Actor,
    arguments: Vec<(&'static str, Argument)>,
}

impl Ask {
    /// The vault.
    pub fn vault(&self) -> &Vault {
        &self.hall.vault
    }

    /// The number of the one company.
    pub fn company(&self) -> i64 {
        self.hall.liferay.company
    }

    /// This room's settings.
    pub fn settings(&self) -> &super::Settings {
        &self.hall.liferay
    }

    /// A refusal of the vault, to be worded for this operation on this subject.
    pub fn said(&self, operation: Operation, subject: &Subject) -> impl Fn(Refusal) -> Error + use<> {
        said(&self.actor, operation, subject)
    }

    /// Refuses a company that is not the one there is.
    pub fn check_company(&self, missing: &Subject) -> Result<(), Error> {
        if self.number("companyId")? == self.company() {
            Ok(())
        } else {
            Err(self.said(Operation::View, missing)(Refusal::Missing(Missing::Item)))
        }
    }

    fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|(known, _)| *known == name).map(|(_, argument)| argument)
    }

    /// A number.
    pub fn number(&self, name: &str) -> Result<i64, Error> {
        match self.argument(name) {
            Some(Argument::Number(number)) => Ok(*number),
            _ => Err(mistyped(name)),
        }
    }

    /// Whether there is an argument of this name.
    pub fn has(&self, name: &str) -> bool {
        self.argument(name).is_some()
    }

    /// A flag; `None` where the method has none of this name.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.argument(name) {
            Some(Argument::Boolean(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// A text; null is empty.
    pub fn text(&self, name: &str) -> Result<&str, Error> {
        match self.argument(name) {
            Some(Argument::Text(text)) => Ok(text.as_deref().unwrap_or_default()),
            _ => Err(mistyped(name)),
        }
    }

    /// Several texts; `None` for null and where the method has none of this name.
    pub fn texts(&self, name: &str) -> Option<&[String]> {
        match self.argument(name) {
            Some(Argument::Texts(texts)) => texts.as_deref(),
            _ => None,
        }
    }

    /// The media types that a list is narrowed to; an empty list of them narrows nothing, as in the vendor's own queries.
    ///
    /// # Errors
    /// More than are looked for at once.
    pub fn media_types(&self) -> Result<Option<Vec<String>>, Error> {
        let types = self.texts("mimeTypes").filter(|types| !types.is_empty());
        match types {
            Some(types) if types.len() > MOST_TYPES => Err(Error::IllegalArgument(Some("Too many media types"))),
            types => Ok(types.map(<[String]>::to_vec)),
        }
    }

    /// Several numbers.
    pub fn numbers(&self, name: &str) -> Result<&[i64], Error> {
        match self.argument(name) {
            Some(Argument::Numbers(numbers)) => Ok(numbers),
            _ => Err(mistyped(name)),
        }
    }

    /// The bytes, as file or as array.
    pub fn payload(&self) -> Option<&Payload> {
        self.arguments.iter().find_map(|(_, argument)| {
            let Argument::Bytes(payload) = argument else { return None };
            payload.as_ref()
        })
    }

    /// The service context.
    pub fn context(&self) -> Context {
        match self.argument("serviceContext") {
            Some(Argument::Context(context)) => *context,
            _ => Context::default(),
        }
    }

    /// The search context.
    pub fn search_context(&self) -> Result<SearchContext, Error> {
        match self.argument("searchContext") {
            Some(Argument::Search(context)) => Ok(context.clone()),
            _ => Err(mistyped("searchContext")),
        }
    }

    /// The code by which another system is to know a file, if one is given.
    ///
    /// # Errors
    /// One that no file can have.
    pub fn external_code(&self) -> Result<Option<ExternalCode>, Error> {
        let code = ExternalCode::parse(self.text("externalReferenceCode")?);
        code.map_err(self.said(Operation::Update, &Subject::File(0)))
    }

    /// The site: `repositoryId` or `groupId`, whichever the method has.
    pub fn site(&self) -> Result<i64, Error> {
        self.number(if self.has("repositoryId") { "repositoryId" } else { "groupId" })
    }

    /// The folder: `folderId` or `parentFolderId`, whichever the method has.
    pub fn folder(&self) -> Result<i64, Error> {
        self.number(if self.has("folderId") { "folderId" } else { "parentFolderId" })
    }

    /// How the version counts: the enum, or the flag that came before it.
    pub fn publish(&self) -> Publish {
        let step = |major| Publish::New(if major { Step::Major } else { Step::Minor });
        match (self.argument("dlVersionNumberIncrease"), self.flag("majorVersion").or(self.flag("major"))) {
            (Some(Argument::Increase(Some(Increase::By(step)))), _) => Publish::New(*step),
            (Some(Argument::Increase(Some(Increase::None))), _) => Publish::ReplaceLatest,
            (None, Some(major)) => step(major),
            _ => Publish::Automatic,
        }
    }

    /// What is said about the change.
    ///
    /// # Errors
    /// One longer than 1024 characters (spec/liferay.md 11.4).
    pub fn change_log(&self) -> Result<String, Error> {
        let text = self.text("changeLog")?;
        if text.chars().count() > 1024 { Err(Error::IllegalArgument(None)) } else { Ok(text.to_owned()) }
    }
}

/// A refusal of the vault, to be worded for this operation on this subject.
pub fn said(actor: &Actor, operation: Operation, subject: &Subject) -> impl Fn(Refusal) -> Error + use<> {
    let user = actor.person().map_or(0, |person| person.number);
    let subject = subject.clone();
    move |refusal| Error::Refused(Box::new(Refused { refusal, operation, subject: subject.clone(), user }))
}

/// The table gives a handler an argument of another type than it asks for: our fault.
fn mistyped(name: &str) -> Error {
    Error::broken(format!("the method has no parameter {name} of that type"))
}
