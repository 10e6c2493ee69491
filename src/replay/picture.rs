//! A picture of a replay: minute by minute, how long answers took and how often the right text stood there.

use std::fmt::Write as _;

use super::play::Played;

/// Of the whole picture, in its own units.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 34.0;

/// Seconds of a column.
const COLUMN: f64 = 15.0;

/// The latencies that the scale is marked with, in milliseconds.
const MARKS: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];

/// As SVG; one strip a trace, readable on light and on dark.
pub fn svg(played: &[Played]) -> String {
    let height = (HEIGHT + TOP) * played.len() as f64 + 20.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <style>text{{fill:#777}} .key{{fill:#888;fill-opacity:.55}} .right{{fill:#2a9d5b;fill-opacity:.3}} \
         .seen{{fill:#4a80d9;fill-opacity:.18}} line{{stroke:#888;stroke-opacity:.3}}</style>\n",
        WIDTH + LEFT + 20.0
    );
    for (i, played) in played.iter().enumerate() {
        strip(&mut svg, played, (HEIGHT + TOP) * i as f64 + TOP);
    }
    svg.push_str("</svg>\n");
    svg
}

fn strip(svg: &mut String, played: &Played, top: f64) {
    let Some((first, last)) = played.keys.first().zip(played.keys.last()) else { return };
    let seconds = last.at.duration_since(first.at).as_secs_f64().max(1.0);
    let x = |at: f64| LEFT + WIDTH * at / seconds;
    let y = |ms: f64| top + HEIGHT * (1.0 - (ms.clamp(0.3, 3000.0) / 0.3).log10() / 4.0);
    let label = "dots: key to suggestion, ms; bars: share of keys with any (blue) and the right text (green)";
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{}\">{}: {label}</text>", top - 8.0, played.name);
    for ms in MARKS {
        let (y, right) = (y(ms), LEFT + WIDTH);
        let _ = writeln!(svg, "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{ms} ms</text>", LEFT - 6.0, y + 4.0);
    }
    let n_columns = (seconds / COLUMN).ceil() as usize;
    let mut columns = vec![(0, 0, 0); n_columns.max(1)];
    for (key, seen) in played.keys.iter().zip(&played.seen).filter(|(key, _)| key.is_asked) {
        let at = key.at.duration_since(first.at).as_secs_f64();
        let (n, n_seen, n_right) = &mut columns[((at / COLUMN) as usize).min(n_columns.max(1) - 1)];
        *n += 1;
        *n_seen += usize::from(seen.visible.is_some());
        *n_right += usize::from(seen.is_right);
    }
    for (i, (n, n_seen, n_right)) in columns.into_iter().enumerate().filter(|(_, (n, ..))| *n > 0) {
        let (left, width) = (x(i as f64 * COLUMN), WIDTH * COLUMN / seconds - 1.0);
        for (class, count) in [("seen", n_seen), ("right", n_right)] {
            let height = HEIGHT * count as f64 / n as f64;
            let y = top + HEIGHT - height;
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            );
        }
    }
    for (key, seen) in played.keys.iter().zip(&played.seen) {
        let Some((ms, _)) = &seen.latency_ms else { continue };
        let (x, y) = (x(key.at.duration_since(first.at).as_secs_f64()), y(*ms));
        let _ = writeln!(svg, "<circle class=\"key\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.6\"/>");
    }
}
