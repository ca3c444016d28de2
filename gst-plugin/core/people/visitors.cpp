// SPDX-License-Identifier: Apache-2.0
#include "visitors.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <utility>
#include <vector>

#include "background_thread.hpp"
#include "reason.hpp"

namespace drgan {
namespace {

using cv::drgan::Gallery;
using cv::drgan::Template;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t day = 24 * 60 * 60;  // seconds
// Whoever stays in view is seen every few seconds. Only days matter, so it is not worth writing the file each time.
constexpr std::int64_t notedEvery = 5 * 60;
constexpr std::int64_t limitsKeptEvery = 60;
constexpr size_t copiedAtOnce = 100;
constexpr int shareOfSaving = 20;  // one part in this many of the thread's time

}  // namespace

Visitors::Visitors(const cv::Ptr<cv::drgan::Encoder>& encoder, const std::string& path, const Limits& limits,
                   std::function<void(const std::string&)> report, Options options)
    : people_(Gallery::create(encoder)),
      path_(path),
      report_(std::move(report)),
      options_(std::move(options)),
      fileLock_(path, options_.lockTimeout),
      limits_(limits) {
    if (std::filesystem::exists(path)) {
        for (const auto& [id, times] : readVisitorFile(path, encoder, *people_)) {
            seen_[id] = {times, times.last};
        }
    } else {
        write();
    }
    dropSurplus();
    thread_ = startBackgroundThread([this] { run(); });
}

Visitors::~Visitors() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    if (unsaved_ || outdated_) {
        save();
    }
}

std::int64_t Visitors::now() const {
    return options_.clock
               ? options_.clock()
               : std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
                     .count();
}

void Visitors::setLimits(const Limits& limits) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::int64_t time = now();
    const bool due = std::abs(time - limitsKept_) >= limitsKeptEvery;
    if (due || limits.days != limits_.days || limits.most != limits_.most) {
        limits_ = limits;
        limitsKept_ = time;
        dropSurplus();
    }
}

std::string Visitors::add(const Template& fused) {
    cv::Mat embedding;
    fused.fused(embedding);
    const std::lock_guard<std::mutex> lock(mutex_);
    std::string id = newVisitorId();
    while (seen_.count(id) > 0) {
        id = newVisitorId();
    }
    people_->addFused(id, embedding, fused.totalConfidence(), fused.size());
    const std::int64_t time = now();
    seen_[id] = {{time, time}, time};
    unsaved_ = true;
    if (seen_.size() > static_cast<size_t>(limits_.most)) {
        dropSurplus();
    }
    return id;
}

void Visitors::see(const std::string& id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = seen_.find(id);
    if (found == seen_.end()) {
        return;
    }
    Seen& seen = found->second;
    seen.times.last = now();
    outdated_ = true;
    if (std::abs(seen.times.last - seen.noted) >= notedEvery) {
        seen.noted = seen.times.last;
        unsaved_ = true;
    }
}

void Visitors::learn(const std::string& id, const Template& visit, bool isWhole) {
    cv::Mat embedding;
    visit.fused(embedding);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (seen_.count(id) == 0) {
        return;
    }
    if (isWhole) {
        people_->remove(id);
    }
    people_->addFused(id, embedding, visit.totalConfidence(), visit.size());
    unsaved_ = true;
}

bool Visitors::forget(const std::string& id) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto found = seen_.find(id);
        if (found == seen_.end()) {
            return false;
        }
        drop(found);
        urgent_ = true;
    }
    wake_.notify_all();
    return true;
}

// The caller of the following two holds the lock.
void Visitors::drop(std::map<std::string, Seen>::iterator visitor) {
    people_->remove(visitor->first);
    seen_.erase(visitor);
    unsaved_ = true;
}

void Visitors::dropSurplus() {
    const std::int64_t expired = now() - limits_.days * day;
    std::vector<std::map<std::string, Seen>::iterator> left;
    for (auto v = seen_.begin(); v != seen_.end();) {
        const auto visitor = v++;
        if (visitor->second.times.last <= expired) {
            drop(visitor);
        } else {
            left.push_back(visitor);
        }
    }
    const auto most = static_cast<size_t>(limits_.most);
    if (left.size() <= most) {
        return;
    }
    const auto kept = left.end() - static_cast<std::ptrdiff_t>(most);
    std::nth_element(left.begin(), kept, left.end(),
                     [](const auto& a, const auto& b) { return a->second.times.last < b->second.times.last; });
    std::for_each(left.begin(), kept, [this](const auto& visitor) { drop(visitor); });
}

void Visitors::run() {
    std::unique_lock<std::mutex> lock(mutex_);
    Clock::duration pause = options_.interval;
    while (!stopping_) {
        wake_.wait_for(lock, pause, [this] { return stopping_ || urgent_; });
        if (!unsaved_ || stopping_) {
            continue;
        }
        lock.unlock();
        const auto begin = Clock::now();
        save();
        pause = std::max<Clock::duration>(options_.interval, shareOfSaving * (Clock::now() - begin));
        lock.lock();
    }
}

void Visitors::save() {
    try {
        write();
        failing_ = false;
    } catch (const std::exception& e) {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            unsaved_ = true;
        }
        if (!std::exchange(failing_, true)) {
            report_(reasonOf(e));
        }
    }
}

void Visitors::write() {
    const auto file = Gallery::createEmpty(people_->embeddingSize(), people_->bundleId());
    file->setThresholds(people_->thresholds());
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        unsaved_ = urgent_ = outdated_ = false;  // whatever changes from now on is saved once more
    }
    std::vector<Copy> some;
    std::string after;  // an id
    while (copySome(after, some)) {
        for (const auto& v : some) {
            addToVisitorFile(*file, v.id, v.embedding, v.totalConfidence, v.images, v.times);
        }
        after = some.back().id;
    }
    file->save(path_);
}

// Copies the visitors that follow an id, so few at a time that no frame waits for long.
// @return false if there are none
bool Visitors::copySome(const std::string& after, std::vector<Copy>& some) {
    some.clear();
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto v = seen_.upper_bound(after); v != seen_.end() && some.size() < copiedAtOnce; ++v) {
        Copy& copy = some.emplace_back();
        copy.id = v->first;
        copy.times = v->second.times;
        people_->person(copy.id, copy.embedding, copy.totalConfidence, copy.images);
    }
    return !some.empty();
}

}  // namespace drgan
