//! A picture of a replay: latency and what was visible, over time. SVG, readable on light and on dark.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::measure::{Key, Latency, Measured};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 940.0;
/// Of the two panels, in pixels from the top.
const LATENCY: (f64, f64) = (50.0, 240.0);
const SHARES: (f64, f64) = (290.0, 420.0);

/// What the latency axis shows, in milliseconds; what is outside lies on the edge.
const MS: (f64, f64) = (0.1, 10_000.0);

/// Each bar of the shares.
const BAR_MS: f64 = 15_000.0;

/// Told apart by people who see colours differently, too (Okabe and Ito 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#d55e00"];

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#444}line{stroke:#ccc;stroke-width:1}\
    .title{font-size:15px;font-weight:600}.visible{fill:#b8c4ce}.right{fill:#009e73}\
    @media(prefers-color-scheme:dark){text{fill:#ccc}line{stroke:#444}.visible{fill:#4a5660}}";

pub fn svg(title: &str, measured: &Measured) -> String {
    let end_ms = measured.keys.last().map_or(1.0, |key| key.at_ms.max(1.0));
    let x = |at_ms: f64| LEFT + (RIGHT - LEFT) * at_ms / end_ms;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\
         <title>{0}</title><style>{STYLE}</style><text class=\"title\" x=\"{LEFT}\" y=\"22\">{0}</text>\n",
        escaped(title)
    );
    latencies(&mut svg, &measured.latencies, x);
    shares(&mut svg, &measured.keys, end_ms, x);
    minutes(&mut svg, end_ms, x);
    svg.push_str("</svg>\n");
    svg
}

/// A dot for each answer with text, by source, on a logarithmic axis.
fn latencies(svg: &mut String, latencies: &[Latency], x: impl Fn(f64) -> f64) {
    let (top, bottom) = LATENCY;
    let (low, high) = (MS.0.log10(), MS.1.log10());
    let y = |ms: f64| bottom - (bottom - top) * (ms.clamp(MS.0, MS.1).log10() - low) / (high - low);
    label(svg, LEFT, top - 10.0, "start", "milliseconds from the key to the suggestion");
    for ms in [0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0] {
        rule(svg, y(ms));
        label(svg, LEFT - 6.0, y(ms) + 4.0, "end", &ms.to_string());
    }
    let sources: BTreeSet<&str> = latencies.iter().map(|latency| latency.source.as_str()).collect();
    for (i, source) in sources.into_iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let _ = write!(svg, "<g fill=\"{colour}\" fill-opacity=\"0.6\">");
        for latency in latencies.iter().filter(|latency| latency.source == source) {
            let _ = write!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2\"/>", x(latency.at_ms), y(latency.ms));
        }
        svg.push_str("</g>\n");
        let at = RIGHT - 90.0 * i as f64;
        let _ = write!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{colour}\"/>", at - 70.0, top - 14.0);
        label(svg, at - 62.0, top - 10.0, "start", source);
    }
}

/// Two bars for each quarter of a minute, one before the other: keys with anything visible, with the right text.
fn shares(svg: &mut String, keys: &[Key], end_ms: f64, x: impl Fn(f64) -> f64) {
    let (top, bottom) = SHARES;
    let y = |share: f64| bottom - (bottom - top) * share;
    label(svg, LEFT, top - 10.0, "start", "% of the keys with a suggestion visible (grey), with the right one (green)");
    for percent in [0, 50, 100] {
        let at = y(f64::from(percent) / 100.0);
        rule(svg, at);
        label(svg, LEFT - 6.0, at + 4.0, "end", &percent.to_string());
    }
    for bar in keys.chunk_by(|a, b| (a.at_ms / BAR_MS) as u64 == (b.at_ms / BAR_MS) as u64) {
        let start = (bar[0].at_ms / BAR_MS).floor() * BAR_MS;
        let (from, to) = (x(start), x((start + BAR_MS).min(end_ms)));
        let share = |is: fn(&Key) -> bool| bar.iter().filter(|key| is(key)).count() as f64 / bar.len() as f64;
        for (class, share) in [("visible", share(|key| key.is_visible)), ("right", share(|key| key.is_right))] {
            let (width, height) = ((to - from - 1.0).max(0.5), bottom - y(share));
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
                y(share)
            );
        }
    }
    svg.push('\n');
}

fn minutes(svg: &mut String, end_ms: f64, x: impl Fn(f64) -> f64) {
    let n_minutes = (end_ms / 60_000.0) as usize;
    let step = n_minutes.div_ceil(10).max(1);
    for minute in (0..=n_minutes).step_by(step) {
        label(svg, x(minute as f64 * 60_000.0), SHARES.1 + 18.0, "middle", &minute.to_string());
    }
    label(svg, RIGHT, SHARES.1 + 34.0, "end", "minutes");
}

fn rule(svg: &mut String, y: f64) {
    let _ = write!(svg, "<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
}

fn label(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = escaped(text);
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
