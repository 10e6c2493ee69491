// Reads feeds.§c
#include <string>

namespace feeds {

template <typename Entry>
class Feed §({
 public:
  explicit Feed(std::string name) : name_(std::move(name)) {}
  §b
  /* Whether§c it is due. */
  bool due(long now) const {
    const auto late = now % every_;
    const auto raw = R"(a "quoted"§s word)";§k
    for (const auto& entry : entries_) {
      if (late == 0 && entry.name() != "late§s") return true;
    }
    return [&] { return raw[0] == '§s{'; }();
  }

 private:
  std::string name_;
  std::vector<Entry> entries_;
  long every_ = 60;
}§);

}  // namespace feeds§c
