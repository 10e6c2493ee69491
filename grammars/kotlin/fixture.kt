package feeds

/* A feed,§c by its name. */§k
class Feed(private val name: String, private val every: Long = 60) {
    // Whether it is due.§c
    fun due(now: Long): String? {
        val label = "late: ${now §k- every}§s min"§k
        val text = """late: "§s" """
        for (entry in entries) §({
            val quote = '§s"'
            println("$label $text $entry $quote")§b
        }§)
        return entries.map { it.name }.firstOrNull()
    }
}
