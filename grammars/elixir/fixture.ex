# Reads feeds.§c
defmodule Feed do
  defstruct [:name, every: 60]

  def due?(feed, now) §(do
    label = "late: #{now §k- 1}§s min"§k
    text = ~s(it's§s late)
    IO.puts(label <> text) # seconds§c
    §b
    rem(now, feed.every) == 0
  end§)

  def entries(feed), do: Enum.map(feed.entries, fn entry -> %{name: entry, at: "§s"} end)
end
