//! Elements out of a PBF file, block by block.

use super::super::bundle::Body;
use super::{Broken, Element, Member, MemberKind, Pass, Progress, Tags};
use crate::model::Coord;
use osmpbf::{BlobDecode, BlobReader, PrimitiveBlock, RelMember, RelMemberType};
use std::borrow::Cow;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// What the first pass learnt about each blob: which element kinds it holds. Later passes decode only what they need.
#[derive(Default)]
pub(super) struct Blobs {
    holds: Vec<(bool, bool)>,
}

/// Counts the bytes that pass through.
struct Counted<'c, R> {
    inner: R,
    bytes: &'c AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.bytes.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Features that a reader must understand; a file that needs others cannot be read.
const UNDERSTOOD: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

impl Blobs {
    pub(super) fn each(
        &mut self,
        input: &Body,
        pass: Pass,
        progress: &Progress<'_>,
        take: &mut dyn FnMut(Element<'_>),
    ) -> Result<(), Broken> {
        let bytes = AtomicU64::new(0);
        let reader = BlobReader::new(Counted { inner: input.open()?, bytes: &bytes });
        for (i, blob) in reader.enumerate() {
            let blob = blob.map_err(|error| damaged(&error.to_string()))?;
            progress(bytes.load(Ordering::Relaxed));
            let wanted = match (pass, self.holds.get(i)) {
                (Pass::Relations, _) | (_, None) => true,
                (Pass::Ways, Some((ways, _))) => *ways,
                (Pass::Nodes, Some((_, nodes))) => *nodes,
            };
            if !wanted {
                continue;
            }
            // The decoder adds and looks up what the file says without checking it; damaged files make it panic.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.block(&blob, pass, take)));
            outcome.unwrap_or_else(|_| Err(damaged("a block contradicts itself")))?;
        }
        Ok(())
    }

    fn block(&mut self, blob: &osmpbf::Blob, pass: Pass, take: &mut dyn FnMut(Element<'_>)) -> Result<(), Broken> {
        let first = pass == Pass::Relations;
        match blob.decode() {
            Ok(BlobDecode::OsmHeader(header)) => {
                if first {
                    self.holds.push((false, false));
                }
                let unknown = |feature: &&String| !UNDERSTOOD.contains(&feature.as_str());
                match header.required_features().iter().find(unknown) {
                    None => Ok(()),
                    Some(feature) => Err(Broken::Format(
                        "pbf-feature",
                        format!("the file needs `{feature}`, which Gridweave does not read"),
                        "write a plain extract: osmium cat IN -o OUT.osm.pbf (for histories: osmium time-filter)",
                    )),
                }
            }
            Ok(BlobDecode::OsmData(block)) => {
                if first {
                    self.holds.push(held(&block));
                }
                elements(&block, pass, take);
                Ok(())
            }
            Ok(BlobDecode::Unknown(_)) => {
                if first {
                    self.holds.push((false, false));
                }
                Ok(())
            }
            Err(error) => Err(damaged(&error.to_string())),
        }
    }
}

fn damaged(detail: &str) -> Broken {
    Broken::Format(
        "pbf-damaged",
        format!("the PBF cannot be decoded: {detail}"),
        "fetch the file again; if it is packed with LZ4 or LZMA: osmium cat IN -o OUT.osm.pbf",
    )
}

fn held(block: &PrimitiveBlock) -> (bool, bool) {
    let (mut ways, mut nodes) = (false, false);
    for group in block.groups() {
        ways |= group.ways().next().is_some();
        nodes |= group.nodes().next().is_some() || group.dense_nodes().next().is_some();
    }
    (ways, nodes)
}

fn elements(block: &PrimitiveBlock, pass: Pass, take: &mut dyn FnMut(Element<'_>)) {
    let mut refs: Vec<i64> = Vec::new();
    for group in block.groups() {
        match pass {
            Pass::Relations => {
                for relation in group.relations() {
                    let members: Vec<Member> = relation.members().map(|member| self::member(&member)).collect();
                    take(Element::Relation { id: relation.id(), members: &members, tags: &borrowed(relation.tags()) });
                }
            }
            Pass::Ways => {
                for way in group.ways() {
                    refs.clear();
                    refs.extend(way.refs());
                    take(Element::Way { id: way.id(), refs: &refs, tags: &borrowed(way.tags()) });
                }
            }
            Pass::Nodes => {
                for node in group.dense_nodes() {
                    let at = coord(node.nano_lon(), node.nano_lat());
                    take(Element::Node { id: node.id(), at, tags: &borrowed(node.tags()) });
                }
                for node in group.nodes() {
                    let at = coord(node.nano_lon(), node.nano_lat());
                    take(Element::Node { id: node.id(), at, tags: &borrowed(node.tags()) });
                }
            }
        }
    }
}

fn borrowed<'t>(tags: impl Iterator<Item = (&'t str, &'t str)>) -> Box<Tags<'t>> {
    tags.map(|(key, value)| (Cow::Borrowed(key), Cow::Borrowed(value))).collect()
}

fn member(member: &RelMember<'_>) -> Member {
    let kind = match member.member_type {
        RelMemberType::Node => MemberKind::Node,
        RelMemberType::Way => MemberKind::Way,
        RelMemberType::Relation => MemberKind::Relation,
    };
    Member { kind, id: member.member_id, inner: member.role().is_ok_and(|role| role == "inner") }
}

/// Nanodegrees to the model's unit, half away from zero.
fn coord(lon: i64, lat: i64) -> Option<Coord> {
    let round = |nano: i64| {
        let half = if nano < 0 { -50 } else { 50 };
        nano.checked_add(half).map(|n| n / 100)
    };
    let within = |units: i64, most: i64| i32::try_from(units).ok().filter(|_| units.abs() <= most);
    Some(Coord::new(within(round(lon)?, 1_800_000_000)?, within(round(lat)?, 900_000_000)?))
}
