//! Colours for a map on which neighbours differ.

/// How many colours the palette has. Planar maps need four; DSATUR rarely asks for a sixth.
pub const COLOURS: usize = 7;

/// Gives each place a colour below [`COLOURS`] that none of its neighbours has: DSATUR (Brélaz 1979), taking the least
/// used free colour so that the whole palette is spread over the map. `neighbours` is symmetric. Should a place have
/// all seven around it (no planar map does this to DSATUR in practice), it takes the least used one of all.
pub fn colour(neighbours: &[Vec<u32>]) -> Vec<u8> {
    const NONE: u8 = u8::MAX;
    let n = neighbours.len();
    let mut colours = vec![NONE; n];
    let mut seen = vec![[false; COLOURS]; n];
    let mut used = [0usize; COLOURS];
    let mut queue: std::collections::BTreeSet<(usize, usize, std::cmp::Reverse<usize>)> =
        (0..n).map(|i| (0, neighbours[i].len(), std::cmp::Reverse(i))).collect();
    while let Some((_, _, std::cmp::Reverse(place))) = queue.pop_last() {
        let free = (0..COLOURS).filter(|c| !seen[place][*c]).min_by_key(|c| used[*c]);
        let chosen = free.or_else(|| (0..COLOURS).min_by_key(|c| used[*c])).unwrap_or(0);
        colours[place] = chosen as u8;
        used[chosen] += 1;
        for &other in &neighbours[place] {
            let other = other as usize;
            if colours[other] != NONE || seen[other][chosen] {
                continue;
            }
            let saturation = |seen: &[bool; COLOURS]| seen.iter().filter(|s| **s).count();
            let key = |s: usize| (s, neighbours[other].len(), std::cmp::Reverse(other));
            queue.remove(&key(saturation(&seen[other])));
            seen[other][chosen] = true;
            queue.insert(key(saturation(&seen[other])));
        }
    }
    colours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_on_a_triangulated_board_differ() {
        let side = 20u32;
        let at = |x: u32, y: u32| y * side + x;
        let mut neighbours = vec![Vec::new(); (side * side) as usize];
        let mut join = |a: u32, b: u32| {
            neighbours[a as usize].push(b);
            neighbours[b as usize].push(a);
        };
        for y in 0..side {
            for x in 0..side {
                if x + 1 < side {
                    join(at(x, y), at(x + 1, y));
                }
                if y + 1 < side {
                    join(at(x, y), at(x, y + 1));
                }
                if x + 1 < side && y + 1 < side {
                    join(at(x, y), at(x + 1, y + 1));
                }
            }
        }
        let colours = colour(&neighbours);
        for (place, around) in neighbours.iter().enumerate() {
            assert!(around.iter().all(|other| colours[*other as usize] != colours[place]));
        }
        for c in 0..COLOURS as u8 {
            assert!(colours.contains(&c), "colour {c} is left unused");
        }
    }
}
