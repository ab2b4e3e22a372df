//! Plots as SVG that stands in the page itself: nothing is loaded, nothing runs.

use std::fmt::Write as _;

use crate::spread::short;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
/// Room for numbers: left, right, above, below.
const MARGIN: (f64, f64, f64, f64) = (64.0, 16.0, 26.0, 40.0);
/// Of lines that share a plot.
const COLOURS: [&str; 5] = ["#3b5bdb", "#e8590c", "#2f9e44", "#9c36b5", "#868e96"];

/// An axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    /// Powers of ten; what is not above zero is left out.
    Log,
}

/// One line of a plot.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) points: Vec<(f64, f64)>,
}

/// A plot.
pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    pub(super) x: (&'a str, Scale),
    pub(super) y: (&'a str, Scale),
    pub(super) lines: Vec<Line<'a>>,
}

/// From figures to pixels.
struct Axis {
    scale: Scale,
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

// === impl Plot ===

impl Plot<'_> {
    /// A figure with a caption; empty when there is nothing to draw.
    pub(super) fn svg(&self) -> String {
        let good = |(x, y): &&(f64, f64)| self.x.1.takes(*x) && self.y.1.takes(*y);
        let all: Vec<(f64, f64)> =
            self.lines.iter().flat_map(|line| line.points.iter().filter(good)).copied().collect();
        if all.len() < 2 {
            return String::new();
        }
        let x = Axis::of(self.x.1, all.iter().map(|point| point.0), MARGIN.0, WIDTH - MARGIN.1);
        let y = Axis::of(self.y.1, all.iter().map(|point| point.1), HEIGHT - MARGIN.3, MARGIN.2);
        let mut out = format!(
            "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escape(self.title),
            escape(self.title)
        );
        // Writing to a string does not fail.
        self.axes(&mut out, &x, &y).ok();
        for (number, line) in self.lines.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let path: Vec<String> = line
                .points
                .iter()
                .filter(good)
                .map(|(a, b)| format!("{:.1},{:.1}", x.place(*a), y.place(*b)))
                .collect();
            write!(
                out,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" points=\"{}\"/>",
                path.join(" ")
            )
            .ok();
            let at = MARGIN.0 + 130.0 * number as f64;
            let name = escape(line.name);
            write!(out, "<text x=\"{at}\" y=\"14\" style=\"fill:{colour};font-weight:600\">{name}</text>").ok();
        }
        out.push_str("</svg></figure>\n");
        out
    }

    fn axes(&self, out: &mut String, x: &Axis, y: &Axis) -> std::fmt::Result {
        let (left, bottom) = (MARGIN.0, HEIGHT - MARGIN.3);
        for (tick, words) in x.ticks() {
            let at = x.place(tick);
            write!(out, "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{bottom}\" class=\"grid\"/>", MARGIN.2)?;
            write!(out, "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{words}</text>", bottom + 14.0)?;
        }
        for (tick, words) in y.ticks() {
            let at = y.place(tick);
            write!(
                out,
                "<line x1=\"{left}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" class=\"grid\"/>",
                WIDTH - MARGIN.1
            )?;
            write!(out, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{words}</text>", left - 6.0, at + 4.0)?;
        }
        let middle = (left + WIDTH - MARGIN.1) / 2.0;
        write!(out, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>", HEIGHT - 6.0, escape(self.x.0))?;
        write!(
            out,
            "<text transform=\"translate(12 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            HEIGHT / 2.0,
            escape(self.y.0)
        )
    }
}

/// What stands at a tick: no more digits than its power of ten needs, as sums of tenths are none.
fn label(figure: f64, power: i32) -> String {
    match usize::try_from(-power) {
        Ok(digits) if digits > 0 && figure != 0.0 => format!("{figure:.digits$}"),
        _ if figure < 999.5 => format!("{figure:.0}"),
        _ => short(figure),
    }
}

/// Text in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

// === impl Scale ===

impl Scale {
    fn takes(self, figure: f64) -> bool {
        figure.is_finite() && (self == Scale::Linear || figure > 0.0)
    }
}

// === impl Axis ===

impl Axis {
    fn of(scale: Scale, figures: impl Iterator<Item = f64>, from: f64, to: f64) -> Axis {
        let (least, most) = figures.fold((f64::MAX, f64::MIN), |(least, most), one| (least.min(one), most.max(one)));
        let (least, most) = match scale {
            Scale::Linear => (least.min(0.0), if most > least.min(0.0) { most * 1.05 } else { least + 1.0 }),
            Scale::Log => {
                let (floor, ceiling) = (least.log10().floor() as i32, most.log10().ceil() as i32);
                (10_f64.powi(floor), 10_f64.powi(ceiling.max(floor + 1)))
            }
        };
        Axis { scale, least, most, from, to }
    }

    fn place(&self, figure: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (figure - self.least) / (self.most - self.least),
            Scale::Log => (figure / self.least).log10() / (self.most / self.least).log10(),
        };
        self.from + share * (self.to - self.from)
    }

    /// Where ticks are, and what stands there.
    fn ticks(&self) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Log => {
                // A product of powers is not quite a power.
                let powers = self.least.log10().round() as i32..=self.most.log10().round() as i32;
                powers.map(|power| (10_f64.powi(power), label(10_f64.powi(power), power))).collect()
            }
            Scale::Linear => {
                let rough = (self.most - self.least) / 5.0;
                let power = rough.log10().floor() as i32;
                let steps = [(1.0, power), (2.0, power), (5.0, power), (1.0, power + 1)];
                let step = steps.into_iter().find(|(by, power)| by * 10_f64.powi(*power) >= rough);
                let (by, power) = step.unwrap_or((1.0, power + 1));
                let ticks = (0..=6).map(|number| f64::from(number) * by * 10_f64.powi(power));
                ticks.filter(|tick| *tick <= self.most).map(|tick| (tick, label(tick, power))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j3_a_plot_puts_figures_where_they_belong() {
        let log = Axis::of(Scale::Log, [0.5, 80.0].into_iter(), 0.0, 300.0);
        assert_eq!((log.least, log.most), (0.1, 100.0));
        assert!((log.place(1.0) - 100.0).abs() < 1e-6);
        assert_eq!(log.ticks().len(), 4);
        let linear = Axis::of(Scale::Linear, [3.0, 10.0].into_iter(), 0.0, 105.0);
        assert_eq!((linear.place(0.0), linear.place(10.5)), (0.0, 105.0));
        assert_eq!(linear.ticks().iter().map(|(tick, _)| *tick).collect::<Vec<_>>(), [0.0, 5.0, 10.0]);
    }

    #[test]
    fn j3_ticks_are_told_by_their_power_of_ten() {
        let told = |scale, least, most| {
            let axis = Axis::of(scale, [least, most].into_iter(), 0.0, 300.0);
            axis.ticks().into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(Scale::Log, 3.3e-7, 1.0), "0.0000001 0.000001 0.00001 0.0001 0.001 0.01 0.1 1");
        assert_eq!(told(Scale::Log, 0.2, 2e6), "0.1 1 10 100 1,000 10,000 100,000 1,000,000 10,000,000");
        assert_eq!(told(Scale::Linear, 0.0, 0.0014), "0 0.0005 0.0010");
        assert_eq!(told(Scale::Linear, 0.0, 1.4), "0 0.5 1.0");
        assert_eq!(told(Scale::Linear, 0.0, 9e6), "0 2,000,000 4,000,000 6,000,000 8,000,000");
    }

    #[test]
    fn j3_a_plot_of_nothing_is_nothing_and_words_are_escaped() {
        let plot = |points| Plot {
            title: "a < b",
            x: ("x", Scale::Linear),
            y: ("y", Scale::Log),
            lines: vec![Line { name: "l", points }],
        };
        assert_eq!(plot(vec![(1.0, 0.0), (2.0, f64::NAN), (3.0, 1.0)]).svg(), "");
        let svg = plot(vec![(1.0, 2.0), (2.0, 30.0)]).svg();
        assert!(svg.contains("a &lt; b") && svg.contains("<polyline") && !svg.contains("NaN"), "{svg}");
    }
}
