using System;

namespace Feeds;

/// <summary>A feed.§c</summary>
public sealed record Feed(string Name)
{
    private readonly string path = @"C:\feeds\§s";

    public bool Due(long now)
    {
        var late = now % 60; // seconds§c
        if (late == 0)
        §({
            char quote = '§s"';
            Console.WriteLine($"late: {late §k+ 1}§s min");§k
            return quote == path[0];§b
        }§)
        return Name is { Length: > 3 } /* long§c */ && late switch { 1 => true, _ => false };
    }
}
