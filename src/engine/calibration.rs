//! From what a model says of its tokens to the chance that a line is what the user would type.

use super::Candidate;

/// Of the lines that the model has no doubt about, such a share is what was written; and it doubts a little too little.
/// Fitted on 193 lines of the git edits with the 0.5B (`benches/context.md`).
const KNOWN: f32 = 0.78;
const DOUBT: f32 = 1.1;

/// What is not known is spread over a line as long as this where its end is not known yet, in bytes.
const USUAL_LINE: usize = 40;

/// A text with its chances, as they are by experience.
pub fn judged(text: String, tokens: &[(usize, f32)]) -> Candidate {
    let mut pieces = Vec::with_capacity(tokens.len());
    let (mut start, mut of_first_line) = (0, None);
    let mut ln_so_far = 0.0;
    for (end, ln) in tokens {
        let end = (*end).min(text.len());
        let line_start = text.as_bytes()[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line_end = text.as_bytes()[start..].iter().position(|byte| *byte == b'\n').map(|at| start + at);
        let n_line = line_end.unwrap_or(text.len().max(line_start + USUAL_LINE)).saturating_sub(line_start).max(1);
        let share = (end - start) as f32 / n_line as f32;
        let ln = DOUBT * ln + KNOWN.ln() * share.min(1.0);
        if of_first_line.is_none() && text[..start.min(text.len())].trim_start_matches('\n').contains('\n') {
            of_first_line = Some(ln_so_far);
        }
        ln_so_far += ln;
        pieces.push((end, ln));
        start = end;
    }
    let confidence = of_first_line.unwrap_or(ln_so_far).exp();
    Candidate { text, confidence, pieces, ..Candidate::default() }
}
