//! The permission checker, as a library that requires policies asks it about a file deep down.

use std::{cell::Cell, sync::Arc};

use coatcheck::domain::{
    actor::{Actor, Dialect, Level},
    id::{CategoryId, ItemId, PrincipalId},
    library::Library,
    lock::{Held, Mode},
    permission::{self, Action, Facts, Gate},
};

use super::{Bench, world};

/// What facts only refer to.
struct Place {
    ancestors: Vec<ItemId>,
    categories: Vec<(CategoryId, Option<Level>)>,
    held: Option<PrincipalId>,
}

impl Place {
    /// Twelve folders deep, in a category three below the root category.
    fn new(held: Option<PrincipalId>) -> Self {
        let categories = (1..=4).rev().map(|number| (world::category(number), None)).collect();
        Self { ancestors: (0..world::DEPTH).map(world::folder).collect(), categories, held }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            item: world::folder(100),
            ancestors: &self.ancestors,
            personal_to: None,
            owner: world::principal(world::ANN),
            private: false,
            unpublished_by: None,
            policies_required: true,
            categories: &self.categories,
            held: self.held.map(|holder| Held { holder, mode: Mode::CheckOut }),
            held_above: None,
        }
    }
}

pub fn benches() -> Vec<Bench> {
    let ann = || Actor::new(Arc::new(world::account(world::ANN)), Dialect::Graph);
    let nobody = || Actor::anonymous(Dialect::Oracle);
    let free = || Place::new(None);
    let held = Place::new(Some(world::principal(world::BOB)));
    let libraries: Vec<Library> = (1..=100).map(world::library).collect();
    vec![
        check("a contributor checks out", ann, free(), Action::CheckOut, None),
        check("a contributor reads", ann, free(), Action::Download, None),
        check("a file that somebody else holds", ann, held, Action::CheckIn, Some(Gate::Grounds)),
        check("a stranger", nobody, free(), Action::View, Some(Gate::Visible)),
        in_turn("where a search over 100 libraries looks", ann, move |actor| permission::seen(actor, &libraries)),
    ]
}

/// One question, which must be answered like this: by a permit, or by a closed gate.
fn check(name: &'static str, who: impl Fn() -> Actor, place: Place, action: Action, closed: Option<Gate>) -> Bench {
    let answer = permission::check(&who(), action, &place.facts());
    assert_eq!(answer.err().map(|denial| denial.gate), closed, "{name} is answered in another way");
    in_turn(name, who, move |actor| permission::check(actor, action, &place.facts()))
}

/// A question that several who are alike ask in turn.
fn in_turn<T>(name: &'static str, who: impl Fn() -> Actor, question: impl Fn(&Actor) -> T + 'static) -> Bench {
    let actors: [Actor; world::ALIKE] = std::array::from_fn(|_| who());
    let turn = Cell::new(0);
    Bench::new("permission", name, move || {
        turn.set((turn.get() + 1) % world::ALIKE);
        question(&actors[turn.get()])
    })
}
