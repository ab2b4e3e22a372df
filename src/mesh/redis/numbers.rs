//! A sender's count of what it said, per workspace.

use std::collections::HashMap;

use crate::ids::WorkspaceId;

/// So many workspaces are counted apart; then the counts are forgotten, and all begin anew above them.
const MOST: usize = 10_000;

/// Numbers that rise by one per workspace and never fall back: whoever remembers a higher one than the next would take
/// it for an old word, for ever.
#[derive(Debug)]
pub(super) struct Numbers {
    last: HashMap<WorkspaceId, u64>,
    /// Where a workspace that is not counted yet begins: at least every number given so far.
    floor: u64,
    most: usize,
}

// === impl Numbers ===

impl Numbers {
    /// The next number of a workspace.
    pub(super) fn next(&mut self, workspace: &WorkspaceId) -> u64 {
        if let Some(last) = self.last.get_mut(workspace) {
            *last += 1;
            return *last;
        }
        if self.last.len() >= self.most {
            self.floor = self.last.values().copied().fold(self.floor, u64::max);
            self.last.clear();
        }
        let number = self.floor + 1;
        self.last.insert(workspace.clone(), number);
        number
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self { last: HashMap::new(), floor: 0, most: MOST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l6_numbers_never_fall_back_although_few_workspaces_are_counted() {
        let mut numbers = Numbers { most: 3, ..Numbers::default() };
        let mut seen: HashMap<WorkspaceId, u64> = HashMap::new();
        for n in 0..1_000u64 {
            let workspace = WorkspaceId::from(format!("w{}", n * n % 7));
            let number = numbers.next(&workspace);
            assert!(seen.insert(workspace, number).is_none_or(|before| before < number));
            assert!(numbers.last.len() <= 3);
        }
        let mut few = Numbers::default();
        let workspace = WorkspaceId::from("w");
        assert_eq!([few.next(&workspace), few.next(&workspace), few.next(&workspace)], [1, 2, 3]);
    }
}
