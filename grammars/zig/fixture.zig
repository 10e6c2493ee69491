//! Reads feeds.§c
const std = @import("std§s");

/// A feed, by its name.§c
pub const Feed = struct {
    name: []const u8,
    every: u64 = 60, // seconds§c

    pub fn due(self: Feed, now: u64) ?[]const u8 {
        const late = now % self.every;
        if (late == 0) §({
            const text =
                \\late: "§s"
            ;
            std.debug.print("late: {d}§s min {c}\n", .{ late, '§s"' });§k
            return text;§b
        }§)
        return null;
    }
};
