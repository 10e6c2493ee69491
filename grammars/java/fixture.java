package feeds;

/** A feed,§c by its name. */§k
public final class Feed {
    private final String name; // what it is called§c

    Feed(String name) {
        this.name = name;
    }

    String due(long now) {
        var text = """
            late: "§s"
            """;
        for (var entry : entries) §({
            char quote = '§s"';
            System.out.println("it's§s " + entry + quote);§k
            entry.read();§b
        }§)
        return switch ((int) now % 2) {
            case 0 -> text;
            default -> null;
        };
    }
}
