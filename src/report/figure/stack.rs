//! Numbers that change over time, as layers that lie on each other.

use std::collections::BTreeMap;

use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::colours::Ink;
use super::sheet::INK;

/// One number over time.
pub(super) struct Layer {
    pub(super) name: &'static str,
    pub(super) ink: Ink,
    /// Its last value.
    pub(super) total: u64,
    /// Lower and upper edge at each of the stack's moments.
    edges: Vec<(u64, u64)>,
}

/// All layers, from the bottom.
pub(super) struct Stack {
    pub(super) layers: Vec<Layer>,
    /// Milliseconds on the axis, rising; the edges are those from this moment on.
    moments: Vec<u64>,
    end: u64,
}

impl Stack {
    /// Layers in the order of their inks, from changes (when, of which layer, by how much) in order of time. Moments
    /// that fall on one pixel of the axis, which `column` tells, become one.
    pub(super) fn new<'a>(
        changes: impl Iterator<Item = (u64, &'a str, i64)>,
        inks: &[Ink],
        column: impl Fn(u64) -> i32,
        end: u64,
    ) -> Stack {
        let mut columns: BTreeMap<i32, (u64, BTreeMap<&str, i64>)> = BTreeMap::new();
        for (at, name, change) in changes {
            debug_assert!(inks.iter().any(|ink| ink.0 == name));
            let column = columns.entry(column(at)).or_default();
            column.0 = at;
            *column.1.entry(name).or_default() += change;
        }
        let columns: Vec<_> = columns.into_values().collect();
        let mut floor = vec![0; columns.len()];
        let mut layers = Vec::new();
        for ink in inks {
            let (mut value, mut is_ever) = (0_i64, false);
            let edges = std::iter::zip(&columns, &mut floor).map(|((_, changed), floor)| {
                value += changed.get(ink.0).copied().unwrap_or(0);
                is_ever |= value > 0;
                let lower = *floor;
                *floor += value.max(0).unsigned_abs();
                (lower, *floor)
            });
            let edges: Vec<_> = edges.collect();
            if is_ever {
                layers.push(Layer {
                    name: ink.0,
                    ink: *ink,
                    total: value.max(0).unsigned_abs(),
                    edges,
                });
            }
        }
        Stack {
            layers,
            moments: columns.iter().map(|(at, _)| *at).collect(),
            end,
        }
    }

    /// The height of the highest moment.
    pub(super) fn top(&self) -> u64 {
        let highest = self
            .layers
            .last()
            .into_iter()
            .flat_map(|layer| &layer.edges);
        highest.map(|edge| edge.1).max().unwrap_or(0)
    }

    /// Draws all layers into a chart; each has its own dashes along its upper edge.
    pub(super) fn draw<X>(&self, chart: &mut Chart<'_, '_, X>)
    where
        X: Ranged<ValueType = u64>,
    {
        for layer in &self.layers {
            let area = Polygon::new(self.outline(layer), layer.ink.1.filled());
            chart.draw_series([area]).expect("a string takes it");
        }
        for layer in &self.layers {
            let upper = layer.edges.iter().map(|edge| edge.1);
            let edge = self.steps(upper.collect());
            let (dash, gap) = layer.ink.2;
            let thin = INK.stroke_width(1);
            if gap == 0 {
                let edge = PathElement::new(edge, thin);
                chart.draw_series([edge]).expect("a string takes it");
            } else {
                let edge = DashedPathElement::new(edge, dash, gap, thin);
                chart.draw_series([edge]).expect("a string takes it");
            }
        }
    }

    /// The outline of a layer: its upper edge in steps forwards, its lower one in steps back.
    fn outline(&self, layer: &Layer) -> Vec<(u64, u64)> {
        let upper = layer.edges.iter().map(|edge| edge.1).collect();
        let lower = layer.edges.iter().map(|edge| edge.0).collect();
        let mut outline = self.steps(upper);
        outline.extend(self.steps(lower).into_iter().rev());
        outline
    }

    fn steps(&self, heights: Vec<u64>) -> Vec<(u64, u64)> {
        let mut corners = vec![(0, 0)];
        let mut height = 0;
        for (at, next) in std::iter::zip(&self.moments, heights) {
            corners.extend([(*at, height), (*at, next)]);
            height = next;
        }
        corners.push((self.end, height));
        corners
    }
}

/// A chart with an axis of time across and numbers up.
pub(super) type Chart<'a, 'b, X> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, plotters::coord::types::RangedCoordu64>>;
