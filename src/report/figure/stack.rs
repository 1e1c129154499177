//! Rows of recovery as layers that lie on each other.

use std::collections::BTreeMap;

use plotters::style::RGBColor;

use super::since::Since;
use crate::kernel::SimTime;
use crate::metrics::Measures;

/// A path's place in the stack, from the bottom, and its colour: the palette of Okabe and Ito, which
/// colour-blind readers tell apart. A path keeps its colour in every figure.
const PALETTE: [(&str, RGBColor); 8] = [
    ("backfill", RGBColor(0x00, 0x72, 0xb2)),
    ("push", RGBColor(0xe6, 0x9f, 0x00)),
    ("gap-fill", RGBColor(0x56, 0xb4, 0xe9)),
    ("join", RGBColor(0x00, 0x9e, 0x73)),
    ("jump", RGBColor(0xcc, 0x79, 0xa7)),
    ("redownload", RGBColor(0xf0, 0xe4, 0x42)),
    ("anew", RGBColor(0x00, 0x00, 0x00)),
    ("restore", RGBColor(0x99, 0x99, 0x99)),
];

/// What came back by one path.
pub(super) struct Layer {
    pub(super) path: String,
    pub(super) colour: RGBColor,
    pub(super) total: u64,
    /// Lower and upper edge at each of the stack's moments.
    edges: Vec<(u64, u64)>,
}

/// All layers, from the bottom.
pub(super) struct Stack {
    pub(super) layers: Vec<Layer>,
    /// Milliseconds after the loss, rising; the edges are those from this moment on.
    moments: Vec<u64>,
    end: u64,
}

impl Stack {
    /// The layers of one class of items. Moments that fall on one pixel of the axis become one.
    pub(super) fn new(measures: &Measures, class: &str, loss_at: SimTime, across: &Since) -> Stack {
        let mut columns: BTreeMap<i32, (u64, BTreeMap<&str, u64>)> = BTreeMap::new();
        for row in measures.recovery.iter().filter(|row| row.class == class) {
            let after = row.at.0.saturating_sub(loss_at.0);
            debug_assert!(PALETTE.iter().any(|(path, _)| *path == row.path));
            let column = columns.entry(across.column(after)).or_default();
            column.0 = after;
            *column.1.entry(row.path.as_str()).or_default() += row.items;
        }
        let columns: Vec<_> = columns.into_values().collect();
        let mut floor = vec![0; columns.len()];
        let mut layers = Vec::new();
        for (path, colour) in PALETTE {
            let mut total = 0;
            let edges = std::iter::zip(&columns, &mut floor).map(|((_, gained), floor)| {
                total += gained.get(path).copied().unwrap_or(0);
                let lower = *floor;
                *floor += total;
                (lower, *floor)
            });
            let edges = edges.collect();
            if total > 0 {
                layers.push(Layer {
                    path: path.to_owned(),
                    colour,
                    total,
                    edges,
                });
            }
        }
        Stack {
            layers,
            moments: columns.iter().map(|(after, _)| *after).collect(),
            end: across.end(),
        }
    }

    /// The outline of a layer: its upper edge in steps forwards, its lower one in steps back.
    pub(super) fn outline(&self, layer: &Layer) -> Vec<(u64, u64)> {
        let upper: Vec<u64> = layer.edges.iter().map(|edge| edge.1).collect();
        let lower: Vec<u64> = layer.edges.iter().map(|edge| edge.0).collect();
        let mut outline = self.steps(&upper);
        outline.extend(self.steps(&lower).into_iter().rev());
        outline
    }

    fn steps(&self, heights: &[u64]) -> Vec<(u64, u64)> {
        let mut corners = vec![(0, 0)];
        let mut height = 0;
        for (after, next) in std::iter::zip(&self.moments, heights) {
            corners.extend([(*after, height), (*after, *next)]);
            height = *next;
        }
        corners.push((self.end, height));
        corners
    }
}
