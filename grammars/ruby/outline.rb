require "json"
require_relative "lib/clock"

module Feeds
  # Seconds.
  EVERY = 60

  # A feed, by its name.
  class Feed < Source
    include Comparable
    attr_reader :name, :url
    KINDS = %w[rss atom].freeze

    # Opens it.
    def initialize(name, client: Client.new, **options)
      # Shared.
      @client = client
      @clock = Feeds::Clock.new(name)
    end

    def due?(now = Time.now)
      parser = Parser.new(now)
      parser.late? && EVERY
    end

    def self.open(path)
      new(path)
    end

    def <=>(other) = name <=> other.name

    def close
    end
  end

  class Error < StandardError; end
end

def by_name(feeds)
  feeds.to_h { |feed| [feed.name, feed] }
end
