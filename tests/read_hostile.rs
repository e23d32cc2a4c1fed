//! Whatever the bytes, reading ends, does not panic, and says what is wrong.

use gridweave::model::Layer;
use gridweave::read::{Options, Reading, Source, read_bytes};
use proptest::prelude::*;

fn any_source(bytes: &[u8]) {
    for source in [Source::Osm, Source::Layer(Layer::Grids), Source::Layer(Layer::Streets)] {
        let reading: Reading = read_bytes("bytes", bytes, source, &Options::default(), &|_, _| {});
        if reading.features.is_empty() {
            assert!(!reading.problems.is_empty(), "nothing read and nothing said");
        }
    }
}

/// One protobuf field: a number, or bytes with their length.
fn number(field: u8, value: u64) -> Vec<u8> {
    let mut out = vec![field << 3];
    varint(value, &mut out);
    out
}

fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![(field << 3) | 2];
    varint(value.len() as u64, &mut out);
    out.extend_from_slice(value);
    out
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn zigzag(values: &[i64]) -> Vec<u8> {
    let mut out = Vec::new();
    for v in values {
        varint(((v << 1) ^ (v >> 63)) as u64, &mut out);
    }
    out
}

fn blob(kind: &str, body: &[u8]) -> Vec<u8> {
    let blob = bytes(1, body);
    let header = [bytes(1, kind.as_bytes()), number(3, blob.len() as u64)].concat();
    [&(header.len() as u32).to_be_bytes()[..], &header, &blob].concat()
}

/// Four nodes, a building, and a relation, in blocks that are not compressed, so that each byte counts.
fn small_pbf() -> Vec<u8> {
    let header = [bytes(4, b"OsmSchema-V0.6"), bytes(4, b"DenseNodes")].concat();
    let strings = ["", "building", "yes", "type", "multipolygon", "outer"];
    let table: Vec<u8> = strings.iter().flat_map(|s| bytes(1, s.as_bytes())).collect();
    let dense = [
        bytes(1, &zigzag(&[1, 1, 1, 1])),
        bytes(8, &zigzag(&[0, 0, 10_000, 0])),
        bytes(9, &zigzag(&[0, 10_000, 0, -10_000])),
        bytes(10, &[0, 0, 0, 0]),
    ]
    .concat();
    let way = [number(1, 5), bytes(2, &[1]), bytes(3, &[2]), bytes(8, &zigzag(&[1, 1, 1, 1, -3]))].concat();
    let relation =
        [number(1, 6), bytes(2, &[3, 1]), bytes(3, &[4, 2]), bytes(8, &[5]), bytes(9, &zigzag(&[5])), bytes(10, &[1])]
            .concat();
    let groups = [bytes(2, &bytes(2, &dense)), bytes(2, &bytes(3, &way)), bytes(2, &bytes(4, &relation))].concat();
    let block = [bytes(1, &table), groups].concat();
    [blob("OSMHeader", &header), blob("OSMData", &block)].concat()
}

const XML: &str = "<osm version='0.6'><node id='1' lon='0' lat='0'/><node id='2' lon='1' lat='0'/>\
    <node id='3' lon='1' lat='1'/><way id='4'><nd ref='1'/><nd ref='2'/><nd ref='3'/><nd ref='1'/>\
    <tag k='building' v='yes'/></way><relation id='5'><member type='way' ref='4' role='outer'/>\
    <tag k='type' v='multipolygon'/></relation></osm>";

const JSON: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":1,"properties":{"code":"A","名称":[1,"x"]},
    "geometry":{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[2,2],[3,2],[3,3],[2,2]]]]}}]}"#;

#[test]
fn the_small_files_are_good() {
    for text in [small_pbf(), XML.as_bytes().to_vec()] {
        let reading = read_bytes("small", &text, Source::Osm, &Options::default(), &|_, _| {});
        assert_eq!(reading.features.len(), 1, "{:?}", reading.problems);
    }
    let reading = read_bytes("small", JSON.as_bytes(), Source::Layer(Layer::Grids), &Options::default(), &|_, _| {});
    assert_eq!(reading.features.len(), 1, "{:?}", reading.problems);
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = "[".repeat(1_000_000);
    any_source(deep.as_bytes());
    let nest = format!(
        r#"{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":{}1{}}}}}"#,
        "[".repeat(100),
        "]".repeat(100)
    );
    any_source(nest.as_bytes());
    any_source("<osm>".repeat(100_000).as_bytes());
    // A header that promises four gigabytes.
    any_source(&[0, 0, 0, 13, 0x0a, 7, b'O', b'S', b'M', b'D', b'a', b't', b'a', 0x18, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    any_source(b"");
}

#[test]
fn a_block_whose_sums_overflow_is_damaged_or_empty() {
    let dense = [
        bytes(1, &zigzag(&[i64::MAX, i64::MAX])),
        bytes(8, &zigzag(&[i64::MAX, 1])),
        bytes(9, &zigzag(&[i64::MIN, -1])),
        bytes(10, &[7, 9, 0]),
    ]
    .concat();
    let block = [bytes(1, &bytes(1, b"")), bytes(2, &bytes(2, &dense))].concat();
    let relation = [number(1, 6), bytes(8, &[9]), bytes(9, &zigzag(&[5])), bytes(10, &[77])].concat();
    let other = [bytes(1, &bytes(1, b"")), bytes(2, &bytes(4, &relation))].concat();
    for block in [block, other] {
        any_source(&[blob("OSMHeader", &bytes(4, b"DenseNodes")), blob("OSMData", &block)].concat());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn garbage(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        any_source(&bytes);
    }

    #[test]
    fn damaged_files(which in 0usize..3, cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), end in any::<prop::sample::Index>()) {
        let mut bytes = [small_pbf(), XML.as_bytes().to_vec(), JSON.as_bytes().to_vec()][which].clone();
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        any_source(&bytes);
        bytes.truncate(end.index(bytes.len()));
        any_source(&bytes);
    }
}
