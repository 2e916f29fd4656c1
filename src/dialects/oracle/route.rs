//! A row of the room's table of routes: a handler and the method it is for, which the catalog tells (spec/oracle.md 11) and
//! axum does not.

use axum::{
    handler::Handler,
    routing::{self, MethodRouter},
};

use super::Hall;

/// A handler and its method.
#[derive(Clone)]
pub struct Route {
    /// The method, as the catalog spells it.
    pub method: &'static str,
    /// What answers.
    pub handler: MethodRouter<Hall>,
}

macro_rules! methods {
    ($($method:ident $name:literal),* $(,)?) => {$(
        #[doc = concat!("A handler of `", $name, "`.")]
        pub fn $method<H: Handler<T, Hall>, T: 'static>(handler: H) -> Route {
            Route { method: $name, handler: routing::$method(handler) }
        }
    )*};
}

methods!(get "GET", post "POST", put "PUT", delete "DELETE");
