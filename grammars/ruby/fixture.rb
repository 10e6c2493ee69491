# Reads feeds.§c
require 'json§s'

class Feed
  attr_reader :name, :every

  def initialize(name, every: 60)
    §(@name = name # what it is called§c
    @every = every§b§)
  end

  def due?(now)
    label = "late: #{now §k% every}§s min"§k
    text = <<~TEXT
      It's §slate.
    TEXT
    entries.each do |entry|
      puts "#{label} #{text}" if entry.unread?
    end
    %w[a§s b].include?(name)
  end
end
