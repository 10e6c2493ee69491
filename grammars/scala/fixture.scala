package feeds

/** A feed,§c by its name. */§k
final class Feed(name: String, every: Long = 60):
  private val path = """C:\"feeds"§s"""

  def due(now: Long): Option[String] = §({
    val label = s"late: ${now §k- every}§s min"§k
    val quote = '§s"'
    §b
    entries.foreach { entry => println(label + entry + quote) } // all§c
    if (now % every == 0) Some("due§s") else None
  }§)
