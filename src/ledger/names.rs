//! How kinds are called in the file.

use crate::engine::purse::{Counted, Ended};
use crate::predictor::outcome::End;
use crate::syntax::Place;

pub fn of_end(end: End) -> &'static str {
    match end {
        End::Accepted => "accepted",
        End::Partial => "partial",
        End::TypedThrough => "typed_through",
        End::Rejected => "rejected",
        End::Unseen => "unseen",
        End::Ignored => "ignored",
    }
}

pub fn to_end(name: &str) -> Option<End> {
    let ends = [End::Accepted, End::Partial, End::TypedThrough, End::Rejected, End::Unseen, End::Ignored];
    ends.into_iter().find(|end| of_end(*end) == name)
}

pub fn of_place(place: Place) -> &'static str {
    match place {
        Place::Code => "code",
        Place::Comment => "comment",
        Place::String => "string",
    }
}

pub fn to_place(name: &str) -> Place {
    match name {
        "comment" => Place::Comment,
        "string" => Place::String,
        _ => Place::Code,
    }
}

/// Of a request to a provider.
pub fn of_ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Done => "done",
        Ended::Cancelled => "cancelled",
        Ended::Failed(cause) => cause.name(),
    }
}

pub fn of_counted(counted: Counted) -> &'static str {
    match counted {
        Counted::ByProvider => "provider",
        Counted::ByUs => "us",
    }
}
