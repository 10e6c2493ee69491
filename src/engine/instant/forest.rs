//! Boosted decision trees: a candidate's features to the logarithm of its odds.
//!
//! `forest.txt` holds the trees, one a line: a leaf is a number, a split is `(feature threshold below above)`, where a
//! feature up to the threshold goes below. `benches/quality/fit.py` fits them (gradient boosting of the logistic loss,
//! by LightGBM) on the lines that releases of other projects added.

use std::sync::LazyLock;

static FOREST: LazyLock<Vec<Node>> =
    LazyLock::new(|| include_str!("forest.txt").lines().filter_map(|line| parse(&mut line.split(' '))).collect());

enum Node {
    Leaf(f32),
    Split { feature: usize, threshold: f32, below: Box<Node>, above: Box<Node> },
}

/// The sum of all trees.
pub fn log_odds(features: &[f32]) -> f32 {
    FOREST.iter().map(|tree| tree.leaf(features)).sum()
}

impl Node {
    fn leaf(&self, features: &[f32]) -> f32 {
        let mut node = self;
        loop {
            match node {
                Node::Leaf(value) => return *value,
                Node::Split { feature, threshold, below, above } => {
                    node = if features.get(*feature).is_some_and(|value| value > threshold) { above } else { below };
                }
            }
        }
    }
}

/// Reads a tree off the front of `words`.
fn parse<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Node> {
    let word = words.next()?.trim_end_matches(')');
    match word.strip_prefix('(') {
        None => word.parse().ok().map(Node::Leaf),
        Some(feature) => Some(Node::Split {
            feature: feature.parse().ok()?,
            threshold: words.next()?.parse().ok()?,
            below: Box::new(parse(words)?),
            above: Box::new(parse(words)?),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_and_walked() {
        let tree = parse(&mut "(0 0.5 -1 (2 3 0.25 7.5))".split(' ')).unwrap();
        assert_eq!(tree.leaf(&[0.5, 0.0, 9.0]), -1.0);
        assert_eq!(tree.leaf(&[0.6, 0.0, 3.0]), 0.25);
        assert_eq!(tree.leaf(&[0.6, 0.0, 3.1]), 7.5);
    }

    #[test]
    fn every_line_is_a_tree() {
        assert_eq!(FOREST.len(), include_str!("forest.txt").lines().count());
    }
}
