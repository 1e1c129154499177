//! What the runs of a study say together: `summary.csv`, `frontier.csv`, `ranking.csv`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::super::decimal::{cell, decimal};
use super::error::StudyError;
use super::folder::StudyFolder;
use super::stored::Stored;
use crate::experiment::{Cohort, Estimate, Offer, Ranked, pareto, rank};
use crate::metrics::{HEADLINES, Headline};
use crate::scenario::{Frontier, Ranking};

/// A point in the measures that matter.
#[derive(Debug, Clone)]
pub struct Spot {
    /// The point.
    pub point: u64,
    /// Its levels.
    pub cells: Vec<String>,
    /// The estimates of the measures asked for, in their order.
    pub estimates: Vec<Estimate>,
}

/// What a study found.
#[derive(Debug, Default)]
pub struct Findings {
    /// All points that have runs, in the study's main measure.
    pub main: Vec<Spot>,
    /// Points in gain and cost, and whether each is beaten by none.
    pub frontier: Vec<(Spot, bool)>,
    /// The changes in order.
    pub ranking: Vec<Ranked>,
}

impl StudyFolder<'_> {
    /// The measure that is looked at first.
    pub fn main_measure(&self) -> &'static Headline {
        let ranking = self.study.ranking.as_ref().map(|ranking| ranking.measure);
        let frontier = self.study.frontier.as_ref();
        let gain = frontier.map(|frontier| frontier.gain);
        ranking.or(gain).unwrap_or(&HEADLINES[0])
    }

    /// The widest interval of a measure over all points, from the first replicas of each: half of its width. None if
    /// that of any point is not known.
    pub fn widest(&self, measure: &Headline, replicas: u32) -> Result<Option<f64>, StudyError> {
        let stored = Stored::open(&self.folder)?;
        let mut widest = Some(0.0);
        let mut points = 0;
        for point in stored.points() {
            let mut cohort = Cohort::new(measure.summary);
            for row in stored.rows(point)? {
                let row = row?;
                if row.key.1 <= replicas {
                    cohort.add(row.number(stored.column(measure)));
                }
            }
            let interval = cohort.estimate().interval;
            let half_width = interval.map(|interval| interval.half_width());
            widest = widest
                .zip(half_width)
                .map(|(widest, one)| f64::max(widest, one));
            points += 1;
        }
        Ok(widest.filter(|widest| points > 0 && widest.is_finite()))
    }

    /// Writes the tables of what was found.
    pub(super) fn find(&self) -> Result<Findings, StudyError> {
        let stored = Stored::open(&self.folder)?;
        let mut findings = Findings {
            main: self.summary(&stored)?,
            ..Findings::default()
        };
        if let Some(frontier) = &self.study.frontier {
            findings.frontier = self.frontier(&stored, frontier)?;
        }
        if let Some(ranking) = &self.study.ranking {
            findings.ranking = self.ranking(&stored, ranking)?;
        }
        Ok(findings)
    }

    /// Writes `summary.csv` while the runs are read, point by point.
    fn summary(&self, stored: &Stored) -> Result<Vec<Spot>, StudyError> {
        let main = self.main_measure();
        let mut spots = Vec::new();
        let mut unread = Ok(());
        self.file("summary.csv", |out| {
            let columns = ["measure", "unit", "value", "low", "high", "half_width"];
            let columns = columns.into_iter().chain(["n", "missing", "method"]);
            let mut table = begin(out, &["point"], stored, columns)?;
            for point in stored.points() {
                let cohorts = match cohorts(stored, point) {
                    Ok(cohorts) => cohorts,
                    Err(error) => {
                        unread = Err(error);
                        break;
                    }
                };
                let (cells, cohorts) = cohorts;
                for (headline, mut cohort) in std::iter::zip(HEADLINES, cohorts) {
                    let estimate = cohort.estimate();
                    let mut record = vec![point.to_string()];
                    record.extend(cells.iter().cloned());
                    record.extend([headline.name, headline.unit].map(str::to_owned));
                    record.extend(values(&estimate));
                    let half_width = estimate.interval.map(|interval| interval.half_width());
                    record.push(cell(half_width.filter(|width| width.is_finite())));
                    record.extend([estimate.n, cohort.missing()].map(|n| n.to_string()));
                    record.push(estimate.method.to_owned());
                    table.write_record(record)?;
                    if headline.name == main.name {
                        spots.push(Spot {
                            point,
                            cells: cells.clone(),
                            estimates: vec![estimate],
                        });
                    }
                }
            }
            table.flush()
        })?;
        unread.map(|()| spots)
    }

    /// Which points are beaten by none, among those with the same levels of the axes that are no choice.
    fn frontier(
        &self,
        stored: &Stored,
        frontier: &Frontier,
    ) -> Result<Vec<(Spot, bool)>, StudyError> {
        let measures = [frontier.gain, frontier.cost];
        let mut groups: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
        let mut spots: Vec<(Spot, bool)> = Vec::new();
        for point in stored.points() {
            let mut of_both = measures.map(|measure| Cohort::new(measure.summary));
            for row in stored.rows(point)? {
                let row = row?;
                for (measure, cohort) in std::iter::zip(measures, &mut of_both) {
                    cohort.add(row.number(stored.column(measure)));
                }
            }
            let levels = self.points.levels(point).0;
            let group = frontier.within.iter().map(|axis| levels[*axis]).collect();
            groups.entry(group).or_default().push(spots.len());
            let spot = Spot {
                point,
                cells: stored.cells(point)?,
                estimates: of_both.iter_mut().map(Cohort::estimate).collect(),
            };
            spots.push((spot, false));
        }
        for members in groups.values() {
            let offer = |member: &usize| {
                let estimates = &spots[*member].0.estimates;
                let (gain, cost) = (estimates[0].value?, estimates[1].value?);
                Some((*member, Offer { gain, cost }))
            };
            let offers: Vec<(usize, Offer)> = members.iter().filter_map(offer).collect();
            let only: Vec<Offer> = offers.iter().map(|(_, offer)| *offer).collect();
            let kept = pareto(&only, frontier.gain.better, frontier.cost.better);
            for ((member, _), kept) in std::iter::zip(offers, kept) {
                spots[member].1 = kept;
            }
        }
        self.file("frontier.csv", |out| {
            let columns = measures.map(|measure| {
                ["", "_low", "_high"].map(|ending| format!("{}{ending}", measure.name))
            });
            let columns = columns.iter().flatten().map(String::as_str);
            let mut table = begin(out, &["point"], stored, columns.chain(["n", "pareto"]))?;
            for (spot, kept) in &spots {
                let mut record = vec![spot.point.to_string()];
                record.extend(spot.cells.iter().cloned());
                record.extend(spot.estimates.iter().flat_map(values));
                record.push(spot.estimates[0].n.to_string());
                record.push(kept.to_string());
                table.write_record(record)?;
            }
            table.flush()
        })?;
        Ok(spots)
    }

    /// What each level changes beside the baseline, replica by replica, the best first.
    fn ranking(&self, stored: &Stored, ranking: &Ranking) -> Result<Vec<Ranked>, StudyError> {
        let mut changes = Vec::new();
        for point in stored.points() {
            let baseline = self.points.turned(point, ranking.axis, ranking.baseline);
            if baseline == point {
                continue;
            }
            let pairs = stored.pairs(baseline, stored, point, ranking.measure)?;
            if let Some(difference) = pairs.difference() {
                changes.push((point, baseline, difference));
            }
        }
        let ranked = rank(changes, ranking.measure.better);
        let mut rows = Vec::new();
        for change in &ranked {
            let difference = &change.difference;
            let mut row = vec![change.rank.to_string(), change.point.to_string()];
            row.extend(stored.cells(change.point)?);
            row.extend([change.baseline.to_string(), ranking.measure.name.to_owned()]);
            row.extend([difference.first, difference.second].map(decimal));
            row.extend(values(&difference.paired));
            row.push(difference.paired.n.to_string());
            row.push("mean of paired differences, Student".to_owned());
            row.push(cell(difference.narrowing()));
            rows.push(row);
        }
        self.file("ranking.csv", |out| {
            let columns = [
                "baseline",
                "measure",
                "baseline_value",
                "value",
                "difference",
            ];
            let columns = columns
                .into_iter()
                .chain(["low", "high", "n", "method", "narrowing"]);
            let mut table = begin(out, &["rank", "point"], stored, columns)?;
            rows.iter().try_for_each(|row| table.write_record(row))?;
            table.flush()
        })?;
        Ok(ranked)
    }
}

/// All measures of a point, and its levels.
fn cohorts(stored: &Stored, point: u64) -> Result<(Vec<String>, Vec<Cohort>), StudyError> {
    let new = |headline: &Headline| Cohort::new(headline.summary);
    let mut cohorts: Vec<Cohort> = HEADLINES.iter().map(new).collect();
    let mut cells = None;
    for row in stored.rows(point)? {
        let row = row?;
        for (headline, cohort) in std::iter::zip(HEADLINES, &mut cohorts) {
            cohort.add(row.number(stored.column(headline)));
        }
        cells.get_or_insert_with(|| stored.cells_of(&row));
    }
    Ok((cells.unwrap_or_default(), cohorts))
}

/// A table whose columns include those of the axes.
fn begin<'o, 'c>(
    out: &'o mut dyn Write,
    keys: &[&'c str],
    stored: &'c Stored,
    columns: impl Iterator<Item = &'c str>,
) -> io::Result<csv::Writer<&'o mut dyn Write>> {
    let mut table = csv::Writer::from_writer(out);
    let axes = stored.axes().iter().map(String::as_str);
    table.write_record(keys.iter().copied().chain(axes).chain(columns))?;
    Ok(table)
}

/// Value, lower end, upper end; an end that is not finite is left out.
fn values(estimate: &Estimate) -> [String; 3] {
    let interval = estimate.interval;
    let end = |end: Option<f64>| cell(end.filter(|end| end.is_finite()));
    [
        cell(estimate.value),
        end(interval.map(|interval| interval.low)),
        end(interval.map(|interval| interval.high)),
    ]
}
