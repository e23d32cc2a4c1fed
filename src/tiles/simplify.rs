//! How much each vertex matters, found once; a zoom keeps those that matter more than its tolerance.
//!
//! The measure is the distance at which Douglas and Peucker's method (1973) would drop the vertex, never more than that
//! of the vertex that split the line before it. A threshold therefore gives exactly their result: no dropped vertex was
//! farther from the kept line than the tolerance, and coarser zooms keep subsets of finer ones.

use super::mercator::World;

/// Longest run that is ranked at once. The method is quadratic for unlucky lines; runs bound it, and their ends cost one
/// kept vertex in 4096.
const RUN: usize = 4096;

/// The rank of each vertex in world units; infinite for the ends, which always stay. A closed line (its last vertex
/// repeats the first) also keeps the vertex farthest from its start.
pub(super) fn ranks(line: &[World]) -> Vec<f32> {
    let mut ranks = vec![0.0; line.len()];
    let Some(last) = line.len().checked_sub(1) else { return ranks };
    ranks[0] = f32::INFINITY;
    ranks[last] = f32::INFINITY;
    let mut stack: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    while from < last {
        let to = last.min(from + RUN);
        ranks[to] = f32::INFINITY;
        stack.push((from, to));
        from = to;
    }
    while let Some((from, to)) = stack.pop() {
        let Some((at, distance)) = farthest(line, from, to) else { continue };
        let closed = line[from] == line[to];
        ranks[at] = if closed { f32::INFINITY } else { (distance as f32).min(ranks[from]).min(ranks[to]) };
        stack.push((from, at));
        stack.push((at, to));
    }
    ranks
}

/// The vertex strictly between two others that is farthest from the straight line between them, the first of equals.
fn farthest(line: &[World], from: usize, to: usize) -> Option<(usize, f64)> {
    let coords = |w: World| (f64::from(w.x), f64::from(w.y));
    let ((ax, ay), (bx, by)) = (coords(line[from]), coords(line[to]));
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let inverse = if length > 0.0 { 1.0 / length } else { 0.0 };
    let mut best: Option<(usize, f64)> = None;
    for (at, &vertex) in line.iter().enumerate().take(to).skip(from + 1) {
        let (px, py) = coords(vertex);
        let t = (((px - ax) * dx + (py - ay) * dy) * inverse).clamp(0.0, 1.0);
        let (ox, oy) = (px - ax - t * dx, py - ay - t * dy);
        let square = ox * ox + oy * oy;
        if best.is_none_or(|(_, most)| square > most) {
            best = Some((at, square));
        }
    }
    best.map(|(at, square)| (at, square.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(i32, i32)]) -> Vec<World> {
        points.iter().map(|&(x, y)| World { x, y }).collect()
    }

    #[test]
    fn ranks_are_distances_and_never_exceed_their_parents() {
        let ranks = ranks(&line(&[(0, 0), (10, 1), (20, 8), (30, 1), (40, 0)]));
        assert_eq!((ranks[0], ranks[4], ranks[2]), (f32::INFINITY, f32::INFINITY, 8.0));
        assert!(ranks[1] < 8.0 && ranks[1] > 2.0 && ranks[3] == ranks[1], "{ranks:?}");
        assert_eq!(super::ranks(&[]), [0.0; 0]);
        assert_eq!(super::ranks(&line(&[(0, 0), (5, 0), (9, 0)])), [f32::INFINITY, 0.0, f32::INFINITY]);
    }

    #[test]
    fn a_closed_line_keeps_two_vertices() {
        let ranks = ranks(&line(&[(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]));
        assert_eq!(ranks.iter().filter(|rank| rank.is_infinite()).count(), 3);
        assert!(ranks.iter().all(|&rank| rank > 7.0));
    }

    #[test]
    fn what_is_dropped_lies_within_the_tolerance() {
        let points: Vec<(i32, i32)> = (0..9000)
            .map(|i| (i * 10, ((f64::from(i) * 0.37).sin() * 50.0 + (f64::from(i) * 0.011).cos() * 900.0) as i32))
            .collect();
        let line = line(&points);
        let ranks = ranks(&line);
        for tolerance in [1.0, 20.0, 300.0] {
            let kept: Vec<usize> = (0..line.len()).filter(|&i| ranks[i] > tolerance).collect();
            for pair in kept.windows(2) {
                let worst = farthest(&line, pair[0], pair[1]).map_or(0.0, |(_, d)| d);
                assert!(worst <= f64::from(tolerance) + 1e-3, "{worst} {tolerance}");
            }
        }
    }
}
