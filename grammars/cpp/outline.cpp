#pragma once

#include <memory>
#include "lib/clock.hpp"

using std::string;
using Names = std::vector<string>;

namespace feeds::net {

constexpr int kEvery = 60;

struct Entry {
    string title; // unique
    Url *url = nullptr;
};

enum class Level { Low, High };

/// A feed, by its name.
template <typename T>
class Feed : public Source {
public:
    explicit Feed(string name, Client &client);
    ~Feed() override;
    Feed(const Feed &) = delete;

    // Whether it is time.
    bool due(Clock now) const { return now > last_; }
    virtual std::unique_ptr<T> read(size_t limit) = 0;
    Feed &operator+=(const Entry &entry);

private:
    std::shared_ptr<Client> client_;
    std::vector<Entry> entries_;
    static int count;
};

template <typename T>
T smallest(const std::vector<T> &values) {
    auto parser = std::make_unique<Parser>(values);
    auto clock = Clock(1);
    auto *entry = new Entry();
    for (const Entry &one : values) {
        use(one);
    }
    return values[0];
}

bool Feed::open(const string &path) {
    net::Url url(path);
    return true;
}

net::Url *Cache::Line::url() { return nullptr; }

} // namespace feeds::net
