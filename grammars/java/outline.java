package org.example.feeds;

import java.util.List;
import java.util.concurrent.*;
import static org.example.Clock.now;

/** A feed, by its name. */
@Service
@Table(name = "feeds")
public class Feed<T extends Entry> extends Source implements Reader<T> {
    public static final int EVERY = 60;
    private final Client client;
    @Inject private List<T> entries = new ArrayList<>();

    // Opens it.
    public Feed(String name, @NonNull Client client) {
        this.client = client;
    }

    @Override
    public Optional<T> read(int limit) throws IOException {
        var parser = new Parser(limit);
        for (Entry entry : entries) {
            System.out.println(entry);
        }
        try (Stream stream = client.open()) {
            return parser.next();
        } catch (LateException late) {
            return Optional.empty();
        }
    }

    protected abstract boolean isDue(Instant... times);
}

interface Reader<T> {
    /** Reads one. */
    Optional<T> read(int limit) throws IOException;

    default void close() {}
}

enum Level { LOW, HIGH }

enum State {
    DUE(1),
    LATE(2);

    private final int code;

    State(int code) {
        this.code = code;
    }
}

record Entry(String title, Url url) {
    static Entry empty() {
        return new Entry("", null);
    }
}
