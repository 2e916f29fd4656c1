//! The program: everything it does is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Requests are many small pieces that are made on one thread and dropped on another.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    coatcheck::cli::main()
}
