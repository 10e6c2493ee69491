using System;
using System.Collections.Generic;
using static System.Math;
using Json = Newtonsoft.Json.JsonConvert;

namespace Example.Feeds
{
    public enum Level { Low, High }

    /// <summary>Reads.</summary>
    public interface IReader<T>
    {
        Task<T> ReadAsync(int limit, CancellationToken token = default);
        bool Due { get; }
    }

    public record Entry(string Title, Uri Url);

    public delegate void Changed(Feed feed);

    // A feed, by its name.
    [Serializable]
    public class Feed<T> : Source, IReader<T> where T : class
    {
        public const int Every = 60;
        private readonly Client _client = new();
        private List<Entry> entries;

        public event Changed OnChanged;
        public string Name { get; set; } = "";
        public bool Due => entries.Count > Every;

        public Feed([NotNull] Client client, Clock? clock) : base(client)
        {
            _client = client;
        }

        [Obsolete("late")]
        public async Task<T> ReadAsync(int limit, CancellationToken token)
        {
            var parser = new Parser<T>(limit);
            foreach (Entry entry in entries)
            {
                if (entry is Late late) Keep(late);
            }
            return await parser.Next(token);

            void Keep(Entry kept) => entries.Add(kept);
        }
    }

    struct Point
    {
        public int X;
    }
}
