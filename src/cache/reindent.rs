//! How the indentation that the document has got relates to the one that a suggestion was made with.
//!
//! An editor indents a new line by its own rules, and the user shifts lines: neither makes a suggestion stale, as long
//! as lines go in and out together. What was learned from the lines so far is applied to those to come.

/// Pairs of indentations: a suggestion's, and what stands in the document for it.
pub(super) struct Reindent<'a> {
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Reindent<'a> {
    /// From the indentation of the line that the suggestion was made on, then and now.
    pub(super) fn new(then: &'a str, now: &'a str) -> Reindent<'a> {
        Reindent { pairs: vec![(then, now)] }
    }

    /// Whether a whole line of the suggestion stands in the document, its indentation apart.
    pub(super) fn is_same_line(&mut self, our: &'a str, line: &'a str) -> bool {
        let ((then, our), (now, line)) = (split_indent(our), split_indent(line));
        our == line && (our.trim().is_empty() || self.learn(then, now))
    }

    /// What is left of a line of the suggestion behind what stands of it in the document, and how many of its bytes
    /// that is. Behind blanks alone, the editor's own indentation is taken for the line's.
    pub(super) fn rest_of_line(&mut self, our: &'a str, line: &'a str) -> Option<(usize, String)> {
        let ((then, our), (now, line)) = (split_indent(our), split_indent(line));
        let rest = our.strip_prefix(line)?;
        if our.trim().is_empty() {
            return Some((then.len(), rest.to_owned()));
        }
        if line.is_empty() {
            let expected = self.apply(then)?;
            if let Some(missing) = expected.strip_prefix(now) {
                return Some((now.len().min(then.len()), format!("{missing}{rest}")));
            }
        }
        self.learn(then, now).then(|| (then.len() + line.len(), rest.to_owned()))
    }

    /// Takes in the next line, unless it goes in where the suggestion goes out, or the like.
    fn learn(&mut self, then: &'a str, now: &'a str) -> bool {
        let agrees = match self.pairs.last() {
            Some((last_then, last_now)) => then.len().cmp(&last_then.len()) == now.len().cmp(&last_now.len()),
            None => true,
        };
        self.pairs.push((then, now));
        agrees
    }

    /// What an indentation of the suggestion becomes; `None` when nothing learned tells.
    pub(super) fn apply(&self, then: &str) -> Option<String> {
        if self.is_identity() {
            return Some(then.to_owned());
        }
        let known = self.pairs.iter().rev().filter(|(known, _)| then.starts_with(known));
        let (known, now) = known.max_by_key(|(known, _)| known.len())?;
        Some(format!("{now}{}", &then[known.len()..]))
    }

    fn is_identity(&self) -> bool {
        self.pairs.iter().all(|(then, now)| then == now)
    }
}

/// A line's leading blanks, and the rest.
pub(super) fn split_indent(line: &str) -> (&str, &str) {
    line.split_at(line.len() - line.trim_start_matches([' ', '\t']).len())
}
