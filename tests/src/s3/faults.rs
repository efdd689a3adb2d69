//! What goes wrong between a program and its bucket.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use hyper::Method;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with an error of this status and code, and nothing is done.
    Refuse(u16, &'static str),
    /// Somebody between answers with a page for people, and nothing is done.
    WebPage(u16),
    /// It arrives, and for so long nothing happens. Nothing is done if the client is gone by then.
    Slow(Duration),
    /// It is done at once, and its answer takes so long.
    SlowAnswer(Duration),
    /// The connection breaks with the first bytes of the body.
    Cut,
    /// The connection breaks when the request was done, before the answer.
    LoseAnswer,
    /// A bit of the body changes on the way.
    Damage,
}

/// The faults to come.
#[derive(Default)]
pub(super) struct Faults {
    coming: Mutex<VecDeque<(Method, Fault)>>,
}

impl Faults {
    pub fn add(&self, method: &Method, fault: Fault, times: usize) {
        let mut coming = self.coming.lock().expect("the lock is poisoned");
        coming.extend(std::iter::repeat_n((method.clone(), fault), times));
    }

    pub fn clear(&self) {
        self.coming.lock().expect("the lock is poisoned").clear();
    }

    /// The fault of the next request.
    pub fn next(&self, method: &Method) -> Option<Fault> {
        let mut coming = self.coming.lock().expect("the lock is poisoned");
        let at = coming.iter().position(|(of, _)| of == method)?;
        coming.remove(at).map(|(_, fault)| fault)
    }
}
