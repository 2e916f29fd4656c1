//! May they: the only place that says yes. Pure; the facts come in, a permit or a denial goes out.
//!
//! Eight gates, always in this order: account, visible, scope, license, policy, category, role, grounds.

use super::{
    actor::{Actor, Ceiling, Dialect, Level, Reach, Role, Rule},
    id::{CategoryId, ItemId, LibraryId, PrincipalId},
    library::Library,
    lock::{Held, Mode},
    person::License,
};

/// What somebody wants to do to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See it, its properties, its editions and its lock.
    View,
    /// Read its content.
    Download,
    /// Take its lock.
    CheckOut,
    /// Save a working copy, or publish when the file is free.
    SaveDraft,
    /// Publish an edition and keep the lock as it is.
    AddEdition,
    /// Publish and release.
    CheckIn,
    /// Release without publishing.
    Cancel,
    /// Give it another name.
    Rename,
    /// Put it into another folder.
    Move,
    /// Change its title, description, category.
    Describe,
    /// Put it into the trash.
    Delete,
    /// Make something in it.
    Create,
    /// Give roles on it, make links to it.
    Share,
}

impl Action {
    /// All of them, in the order of our tables.
    pub const ALL: [Action; 13] = [
        Action::View,
        Action::Download,
        Action::CheckOut,
        Action::SaveDraft,
        Action::AddEdition,
        Action::CheckIn,
        Action::Cancel,
        Action::Rename,
        Action::Move,
        Action::Describe,
        Action::Delete,
        Action::Create,
        Action::Share,
    ];

    /// What it takes: a role, a policy rule where the library requires policies, and whether it writes.
    pub fn needs(self) -> Needs {
        match self {
            Action::View => Needs { role: Role::Viewer, rule: Some(Rule::ReadFile), writes: false },
            Action::Download => Needs { role: Role::Downloader, rule: Some(Rule::ReadFile), writes: false },
            Action::CheckOut
            | Action::SaveDraft
            | Action::AddEdition
            | Action::CheckIn
            | Action::Cancel
            | Action::Rename
            | Action::Move
            | Action::Describe
            | Action::Delete
            | Action::Create => Needs { role: Role::Contributor, rule: Some(Rule::EditFile), writes: true },
            Action::Share => Needs { role: Role::Manager, rule: None, writes: true },
        }
    }

    /// Whether somebody else's lock stands in its way.
    fn meets_the_lock(self) -> bool {
        match self {
            Action::View | Action::Download | Action::Create | Action::Share => false,
            Action::CheckOut
            | Action::SaveDraft
            | Action::AddEdition
            | Action::CheckIn
            | Action::Cancel
            | Action::Rename
            | Action::Move
            | Action::Describe
            | Action::Delete => true,
        }
    }
}

/// What an action takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// At least this role.
    pub role: Role,
    /// This rule of some policy, where policies are required.
    pub rule: Option<Rule>,
    /// A full license, and full level on the category.
    pub writes: bool,
}

/// What the decision is about, as it stands in the database.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The item.
    pub item: ItemId,
    /// The folders above it, the root folder first.
    pub ancestors: &'a [ItemId],
    /// Whose personal library it lies in, if it is one.
    pub personal_to: Option<PrincipalId>,
    /// Whose item it is.
    pub owner: PrincipalId,
    /// Whether it is a file that suppliers do not see; folders never are.
    pub private: bool,
    /// Who made it, while it was never checked in where that is required; nobody for all others.
    pub unpublished_by: Option<PrincipalId>,
    /// Whether the library requires policies.
    pub policies_required: bool,
    /// Its category and those above, nearest first, each with what it says by default.
    pub categories: &'a [(CategoryId, Option<Level>)],
    /// The lock on itself, while somebody holds it.
    pub held: Option<Held>,
    /// The nearest inheritable lock on a folder above it, while somebody holds it.
    pub held_above: Option<Held>,
}

impl<'a> Facts<'a> {
    /// A library's root folder, as if it were of these categories: what is true of the library as a whole.
    pub fn of_root(library: &Library, categories: &'a [(CategoryId, Option<Level>)]) -> Self {
        Facts {
            item: library.root,
            ancestors: &[],
            personal_to: library.personal_to(),
            // a site's has none, and only acting on a lock asks for one
            owner: library.owner.unwrap_or(PrincipalId(library.id.0)),
            private: false,
            unpublished_by: None,
            policies_required: library.policies_required,
            categories,
            held: None,
            held_above: None,
        }
    }

    /// The lock that decides about an action: the nearest, its own first. What a release is about is its own alone.
    fn lock_before(&self, action: Action) -> Option<Held> {
        if action == Action::Cancel { self.held } else { self.held.or(self.held_above) }
    }
}

/// A gate of the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The account is alive.
    Account,
    /// The item exists for the caller.
    Visible,
    /// The credential reaches it.
    Scope,
    /// The license covers it.
    License,
    /// A policy allows it.
    Policy,
    /// The level on the category covers it.
    Category,
    /// The role covers it.
    Role,
    /// There are grounds to act on somebody else's lock.
    Grounds,
}

impl Gate {
    /// All of them, in the order they are asked.
    pub const ALL: [Gate; 8] = [
        Gate::Account,
        Gate::Visible,
        Gate::Scope,
        Gate::License,
        Gate::Policy,
        Gate::Category,
        Gate::Role,
        Gate::Grounds,
    ];
}

/// A no: the first gate that was closed, for which action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The gate.
    pub gate: Gate,
    /// What was wanted.
    pub action: Action,
}

/// Whether a permit reaches beyond the caller's own lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Only a free file, or the caller's own lock.
    Nobody,
    /// Whoever holds it.
    Anybody,
    /// Somebody's reservation, if the caller names the holder.
    NamedReservation,
}

/// A yes. Only [`check`] makes one, and writes in the store ask for it: code that forgot to ask does not compile.
#[derive(Clone, Copy, Debug)]
pub struct Permit {
    actor: Option<PrincipalId>,
    dialect: Dialect,
    item: ItemId,
    action: Action,
    over: Over,
}

impl Permit {
    /// What the operator of the installation does to it from outside every room, as a seed is applied: no gate is asked.
    /// For `vault::setup` alone.
    pub(crate) fn of_operator(by: PrincipalId, item: ItemId, action: Action) -> Self {
        Self { actor: Some(by), dialect: Dialect::Console, item, action, over: Over::Nobody }
    }

    /// Who may; nobody in particular where a link admits everybody.
    pub fn actor(&self) -> Option<PrincipalId> {
        self.actor
    }

    /// Through which room.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// On which item.
    pub fn item(&self) -> ItemId {
        self.item
    }

    /// What.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Whether also on somebody else's lock.
    pub fn over(&self) -> Over {
        self.over
    }
}

/// Asks every gate in order; the first closed one decides.
pub fn check(actor: &Actor, action: Action, on: &Facts<'_>) -> Result<Permit, Denial> {
    match Gate::ALL.into_iter().find(|gate| !is_open(*gate, actor, action, on)) {
        None => Ok(Permit {
            actor: actor.id(),
            dialect: actor.dialect,
            item: on.item,
            action,
            over: over(actor, action, on),
        }),
        Some(gate) => Err(Denial { gate, action }),
    }
}

/// Whether the item exists for the actor at all: the first two gates.
pub fn sees(actor: &Actor, on: &Facts<'_>) -> bool {
    // what exists for one act only is refused to all others when they are asked for
    let is_there = |action| is_open(Gate::Visible, actor, action, on);
    is_open(Gate::Account, actor, Action::View, on) && (is_there(Action::View) || is_there(Action::Cancel))
}

/// May they read what others did in a library: an account administrator may, and nobody else (spec/arena.md 10.4).
pub fn check_oversight(actor: &Actor) -> Result<(), Denial> {
    if actor.is_administrator() { Ok(()) } else { Err(Denial { gate: Gate::Role, action: Action::View }) }
}

/// May they say something about an item that shows to nobody but themselves: whoever sees it may, with a credential that
/// writes there. What is said so changes nothing for others, so no lock stands in its way.
pub fn check_own_words(actor: &Actor, on: &Facts<'_>) -> Result<Permit, Denial> {
    let permit = check(actor, Action::View, on)?;
    let reaches = actor.account.is_some() && within(actor.ceiling.write, actor, on);
    if reaches { Ok(permit) } else { Err(Denial { gate: Gate::Scope, action: Action::Describe }) }
}

/// May they turn what an opened link gives them into a role of their own (spec/graph.md 10.4): somebody who sees the item,
/// with a credential that changes something there. An application has its roles from elsewhere.
pub fn check_redemption(actor: &Actor, on: &Facts<'_>) -> Result<Permit, Denial> {
    let permit = check(actor, Action::View, on)?;
    let reaches = within(actor.ceiling.write, actor, on);
    match &actor.account {
        Some(account) if !account.application && reaches => Ok(permit),
        Some(_) | None => Err(Denial { gate: Gate::Scope, action: Action::Share }),
    }
}

/// Whether they see everything that was given on an item, and not only what concerns themselves: who could give it.
pub fn oversees(actor: &Actor, on: &Facts<'_>) -> bool {
    role(actor, on) >= Some(Action::Share.needs().role)
}

/// May they make, change or delete the definition of a metadata collection: everybody's is for account administrators, a
/// personal one for its owner (spec/oracle.md 10).
pub fn check_definition(actor: &Actor, owner: Option<PrincipalId>) -> Result<(), Denial> {
    let Some(account) = &actor.account else { return Err(Denial { gate: Gate::Role, action: Action::Describe }) };
    let (reach, role) = match owner {
        Some(owner) => (actor.ceiling.write > Reach::Nothing, owner == account.person.id),
        None => (actor.ceiling.write == Reach::All, account.administrator),
    };
    let license = owner.is_some() || account.license == License::Full;
    match [(Gate::Account, !account.disabled), (Gate::Scope, reach), (Gate::License, license), (Gate::Role, role)]
        .into_iter()
        .find(|(_, open)| !open)
    {
        None => Ok(()),
        Some((gate, _)) => Err(Denial { gate, action: Action::Describe }),
    }
}

/// May they give everything of one user to another: an account administrator with a full license may, with a credential
/// that writes everywhere (spec/oracle.md 7). The permit is to make the folder, once it is known where.
pub fn check_transfer(actor: &Actor, into: Option<ItemId>) -> Result<Permit, Denial> {
    let action = Action::Create;
    let closed = |gate| Denial { gate, action };
    if actor.account.as_ref().is_none_or(|account| account.disabled) {
        return Err(closed(Gate::Account));
    }
    if !actor.is_administrator() {
        return Err(closed(Gate::Role));
    }
    if actor.ceiling.write < Reach::All {
        return Err(closed(Gate::Scope));
    }
    if actor.account.as_ref().is_some_and(|account| account.license != License::Full) {
        return Err(closed(Gate::License));
    }
    let item = into.unwrap_or(ItemId(uuid::Uuid::nil()));
    Ok(Permit { actor: actor.id(), dialect: actor.dialect, item, action, over: Over::Nobody })
}

/// Where somebody sees something, for what goes through all libraries at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Libraries that are seen as a whole, save for categories and policies.
    pub libraries: Vec<LibraryId>,
    /// Folders and files that are seen with all below, save for the same.
    pub roots: Vec<ItemId>,
}

/// What the gates of visibility and scope leave of these libraries, and of what was given to the caller one by one.
pub fn seen(actor: &Actor, libraries: &[Library]) -> Seen {
    let whole = libraries.iter().filter(|library| {
        let root = Facts::of_root(library, &[]);
        sees(actor, &root) && is_open(Gate::Scope, actor, Action::View, &root)
    });
    let given = actor.account.iter().flat_map(|account| account.roles.keys().map(move |item| (account, item)));
    let reached = given.filter(|(account, item)| match actor.ceiling.read {
        Reach::All => true,
        Reach::Own => account.shared.contains(item),
        Reach::Nothing => false,
    });
    Seen { libraries: whole.map(|library| library.id).collect(), roots: reached.map(|(_, item)| *item).collect() }
}

/// Every gate with its answer: why somebody was refused, and what would open it.
pub fn explain(actor: &Actor, action: Action, on: &Facts<'_>) -> [(Gate, bool); 8] {
    Gate::ALL.map(|gate| (gate, is_open(gate, actor, action, on)))
}

fn is_open(gate: Gate, actor: &Actor, action: Action, on: &Facts<'_>) -> bool {
    let needs = action.needs();
    match gate {
        Gate::Account => actor.account.as_ref().is_none_or(|account| !account.disabled),
        Gate::Visible => {
            role(actor, on) >= Some(Role::Viewer)
                && level(actor, on) >= Level::Read
                && !(on.private && actor.is_supplier())
                && on.unpublished_by.is_none_or(|maker| is_shown_unpublished(actor, action, maker, on))
        }
        Gate::Scope => within(if needs.writes { actor.ceiling.write } else { actor.ceiling.read }, actor, on),
        Gate::License => match actor.account.as_ref().map_or(License::Full, |account| account.license) {
            License::Full => true,
            License::Approver | License::Limited | License::ReadOnly => !needs.writes,
        },
        Gate::Policy => needs.rule.is_none_or(|rule| follows_policy(actor, rule, on)),
        Gate::Category => !needs.writes || level(actor, on) >= Level::Full,
        Gate::Role => role(actor, on) >= Some(needs.role),
        Gate::Grounds => {
            !action.meets_the_lock()
                || on.lock_before(action).is_none_or(|held| match over(actor, action, on) {
                    _ if Some(held.holder) == actor.id() => true,
                    Over::Anybody => true,
                    Over::NamedReservation => held.mode == Mode::Reservation,
                    Over::Nobody => false,
                })
        }
    }
}

/// A file that was never checked in exists for who made it, and, so that none is left behind, for who may take anybody's
/// lock away from outside: an application that discards, and whoever runs the place (spec/graph.md 6.1 and 6.4).
fn is_shown_unpublished(actor: &Actor, action: Action, maker: PrincipalId, on: &Facts<'_>) -> bool {
    let from_outside = match actor.dialect {
        Dialect::Graph | Dialect::Console => action == Action::Cancel,
        Dialect::Arena | Dialect::Oracle | Dialect::Liferay => false,
    };
    actor.id() == Some(maker) || (from_outside && over(actor, action, on) == Over::Anybody)
}

/// The highest role the actor has on the item: given on it or above it, by the library being the actor's own, by being an
/// administrator (libraries of groups and sites), by an application's roles, by an opened link.
pub fn role(actor: &Actor, on: &Facts<'_>) -> Option<Role> {
    let path = || on.ancestors.iter().chain(std::iter::once(&on.item));
    let by_account = actor.account.as_ref().and_then(|account| {
        let given = path().filter_map(|item| account.roles.get(item).copied()).max();
        let own = (on.personal_to == Some(account.person.id)).then_some(Role::Owner);
        let administrator = (account.administrator && on.personal_to.is_none()).then_some(Role::Manager);
        let application = account.application.then(|| as_application(actor.ceiling)).flatten();
        given.max(own).max(administrator).max(application)
    });
    let by_link = actor.link.filter(|link| path().any(|item| *item == link.item)).map(|link| link.role);
    by_account.max(by_link)
}

/// Whether they have a role in every library of a group or a site, whatever was given to them: administrators, and
/// applications but for those that have only what they were given.
pub fn everywhere(actor: &Actor) -> bool {
    let application = || as_application(actor.ceiling).is_some();
    actor.account.as_ref().is_some_and(|account| account.administrator || (account.application && application()))
}

/// The role an application has wherever its token reaches. One that writes only where it was given something has there the
/// role that it was given.
fn as_application(ceiling: Ceiling) -> Option<Role> {
    match (ceiling.write, ceiling.read) {
        (Reach::Nothing | Reach::All, _) => Some(Role::Manager),
        (Reach::Own, Reach::All) => Some(Role::Downloader),
        (Reach::Own, Reach::Own | Reach::Nothing) => None,
    }
}

/// The level the actor has on the item's category: the nearest category that names the actor decides, else the nearest
/// that says something by default, else full.
pub fn level(actor: &Actor, on: &Facts<'_>) -> Level {
    let given = actor
        .account
        .as_ref()
        .and_then(|account| on.categories.iter().find_map(|(category, _)| account.levels.get(category).copied()));
    given.or_else(|| on.categories.iter().find_map(|(_, default)| *default)).unwrap_or(Level::Full)
}

/// Whether the library asks for no policy, or one of the actor's has the rule for the item's category.
pub fn follows_policy(actor: &Actor, rule: Rule, on: &Facts<'_>) -> bool {
    !on.policies_required || has_rule(actor, rule, on)
}

fn has_rule(actor: &Actor, rule: Rule, on: &Facts<'_>) -> bool {
    let Some(account) = &actor.account else { return false };
    // An application's roles are its policies.
    account.application
        || account.rules.iter().any(|(held, category)| {
            // who may edit may read
            let covers = *held == rule || (rule == Rule::ReadFile && *held == Rule::EditFile);
            covers && category.is_none_or(|category| on.categories.iter().any(|(above, _)| *above == category))
        })
}

fn within(reach: Reach, actor: &Actor, on: &Facts<'_>) -> bool {
    match reach {
        Reach::All => true,
        Reach::Own => is_own(actor, on),
        Reach::Nothing => false,
    }
}

fn is_own(actor: &Actor, on: &Facts<'_>) -> bool {
    let Some(account) = &actor.account else { return true };
    let mut path = on.ancestors.iter().chain(std::iter::once(&on.item));
    // who opens a link has its item shared with them
    on.personal_to == Some(account.person.id)
        || path.any(|item| account.shared.contains(item) || actor.link.is_some_and(|link| link.item == *item))
}

/// A ground for acting on a lock that somebody else holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// An account administrator.
    Administrator,
    /// Manager or owner of the folder.
    Manager,
    /// The owner of the file.
    FileOwner,
    /// The rule `override_check_out` in one of the actor's policies.
    OverrideRule,
    /// An application acting for itself.
    Application,
    /// Any contributor, if it is a reservation and its holder is named.
    NamedReservation,
}

/// Which grounds count for cancelling somebody else's lock in which room.
pub fn grounds_to_cancel(dialect: Dialect) -> &'static [Ground] {
    use Ground::{Administrator, Application, FileOwner, Manager, NamedReservation, OverrideRule};
    match dialect {
        Dialect::Arena => &[Administrator],
        Dialect::Oracle => &[Administrator, Manager, FileOwner, OverrideRule, NamedReservation],
        Dialect::Graph => &[Application],
        Dialect::Liferay => &[Administrator, FileOwner, OverrideRule],
        Dialect::Console => &[Administrator, Manager, OverrideRule],
    }
}

fn over(actor: &Actor, action: Action, on: &Facts<'_>) -> Over {
    match action {
        Action::Cancel => {
            let mut over = Over::Nobody;
            for ground in grounds_to_cancel(actor.dialect) {
                if *ground == Ground::NamedReservation && over == Over::Nobody {
                    over = Over::NamedReservation;
                } else if has_ground(*ground, actor, on) {
                    over = Over::Anybody;
                }
            }
            over
        }
        // spec/arena.md 6: an administrator may also check in what somebody else holds
        Action::CheckIn if actor.dialect == Dialect::Arena && actor.is_administrator() => Over::Anybody,
        Action::View
        | Action::Download
        | Action::CheckOut
        | Action::SaveDraft
        | Action::AddEdition
        | Action::CheckIn
        | Action::Rename
        | Action::Move
        | Action::Describe
        | Action::Delete
        | Action::Create
        | Action::Share => Over::Nobody,
    }
}

fn has_ground(ground: Ground, actor: &Actor, on: &Facts<'_>) -> bool {
    match ground {
        Ground::Administrator => actor.is_administrator(),
        Ground::Manager => role(actor, on) >= Some(Role::Manager),
        Ground::FileOwner => actor.id() == Some(on.owner),
        Ground::OverrideRule => !actor.is_application() && has_rule(actor, Rule::OverrideCheckOut, on),
        Ground::Application => actor.is_application(),
        // opens only for who names the holder: [`Over::NamedReservation`]
        Ground::NamedReservation => false,
    }
}
