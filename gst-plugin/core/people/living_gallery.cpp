// SPDX-License-Identifier: Apache-2.0
#include "living_gallery.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "background_thread.hpp"
#include "file_stamp.hpp"
#include "gallery_lock.hpp"
#include "reason.hpp"

namespace drgan {
namespace {

using cv::drgan::Gallery;

// The index is built again when more than one person in this many was added or changed since.
constexpr int outsideShare = 20;
// Misses 1 person in 100 or fewer, who at effort 1 would be 3 (docs/gallery.md).
constexpr double indexEffort = 2;

}  // namespace

LivingGallery::LivingGallery(cv::Ptr<cv::drgan::Encoder> encoder, const std::string& path,
                             std::function<void(const std::string&)> report, const Options& options)
    : encoder_(std::move(encoder)), report_(std::move(report)), options_(options), wanted_(path), path_(path) {
    if (!path.empty()) {
        stamp_ = enrolment::fileStamp(path);  // before: if the file is replaced meanwhile, the thread loads it again
        current_ = {Gallery::load(path, encoder_), 1};
    }
    thread_ = startBackgroundThread([this] { run(); });
}

LivingGallery::~LivingGallery() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void LivingGallery::use(const std::string& path) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        wanted_ = path;
        woken_ = true;
    }
    wake_.notify_all();
}

LivingGallery::Current LivingGallery::current() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return current_;
}

size_t LivingGallery::unsaved() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return changes_.size();
}

void LivingGallery::change(const GalleryChange& change) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!current_.gallery) {
        CV_Error(cv::Error::StsError, "there is no gallery to change: the property gallery names none");
    }
    apply(change, *current_.gallery);
    ++current_.version;
    changes_.push_back(change);
}

// The caller holds the lock.
void LivingGallery::replace(const cv::Ptr<Gallery>& gallery) {
    if (current_.gallery) {
        retired_.push_back(current_.gallery);
    }
    current_.gallery = gallery;
    ++current_.version;
}

void LivingGallery::save() {
    const std::lock_guard<std::mutex> saving(saving_);
    std::unique_lock<std::mutex> lock(mutex_);
    if (!current_.gallery) {
        throw std::runtime_error("there is no gallery to save: the property gallery names none");
    }
    const std::string path = path_;
    lock.unlock();
    const enrolment::GalleryLock fileLock(path, options_.saveTimeout);
    const std::string found = enrolment::fileStamp(path);
    lock.lock();
    const bool changed = !found.empty() && found != stamp_;
    lock.unlock();
    cv::Ptr<Gallery> newer;
    if (changed) {
        newer = Gallery::load(path, encoder_);
    }
    lock.lock();
    if (path_ != path) {
        throw std::runtime_error(path + ": is no longer the gallery in use");
    }
    if (newer) {
        for (const auto& c : changes_) {
            applyAgain(c, *newer);
        }
        replace(newer);
        stamp_ = found;
        ++saves_;
        woken_ = true;  // it may need an index
    }
    const cv::Ptr<Gallery> gallery = current_.gallery;
    const auto written = static_cast<std::ptrdiff_t>(changes_.size());
    lock.unlock();
    gallery->save(path);
    lock.lock();
    if (path_ == path) {
        // Changes that came meanwhile may be in the file, too. They stay: to make them again does no harm.
        changes_.erase(changes_.begin(), changes_.begin() + written);
        stamp_ = enrolment::fileStamp(path);
        ++saves_;
    }
}

void LivingGallery::run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
        wake_.wait_for(lock, options_.interval, [this] { return stopping_ || woken_; });
        if (stopping_) {
            return;
        }
        woken_ = false;
        lock.unlock();
        takeUp();
        index();
        dropRetired();
        lock.lock();
    }
}

// Uses the wanted file, if it is another one or another version.
void LivingGallery::takeUp() {
    std::unique_lock<std::mutex> lock(mutex_);
    const std::string wanted = wanted_;
    const bool another = wanted != path_;
    const std::string known = stamp_;
    const std::uint64_t saves = saves_;
    lock.unlock();
    if (wanted.empty()) {
        if (another) {
            changeFile(wanted, nullptr);
        }
        return;
    }
    const std::string stamp = enrolment::fileStamp(wanted);
    const std::string version = wanted + " " + stamp;
    if ((!another && stamp == known) || version == refused_) {
        return;
    }
    cv::Ptr<Gallery> gallery;
    if (!load(wanted, stamp, gallery)) {
        return;
    }
    tryIndex(*gallery);
    if (another) {
        changeFile(wanted, gallery);
    }
    lock.lock();
    if (wanted_ != wanted || path_ != wanted || (!another && saves_ != saves)) {
        woken_ = true;  // what was loaded is out of date
        return;
    }
    if (!another) {
        for (const auto& c : changes_) {
            applyAgain(c, *gallery);
        }
        replace(gallery);
    }
    stamp_ = stamp;
}

// Another file: the changes of the old one are not for it.
void LivingGallery::changeFile(const std::string& path, const cv::Ptr<Gallery>& gallery) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (wanted_ != path) {
        return;
    }
    const std::string old = std::exchange(path_, path);
    const size_t dropped = changes_.size();
    changes_.clear();
    stamp_.clear();
    replace(gallery);
    lock.unlock();
    if (dropped > 0) {
        report_(old + ": " + std::to_string(dropped) + " changes were not saved, and are dropped with this gallery");
    }
}

// @return false if it cannot be used, or not yet
bool LivingGallery::load(const std::string& path, const std::string& stamp, cv::Ptr<Gallery>& gallery) {
    std::string why;
    try {
        gallery = Gallery::load(path, encoder_);
        if (enrolment::fileStamp(path) == stamp) {
            doubtful_.clear();
            refused_.clear();
            return true;
        }
    } catch (const std::exception& e) {
        why = reasonOf(e);
    }
    // A file that is not replaced, but written in place or deleted first, is incomplete for a while.
    const std::string version = path + " " + stamp;
    if (enrolment::fileStamp(path) != stamp || std::exchange(doubtful_, version) != version) {
        return false;
    }
    refused_ = version;
    report_(why);
    return false;
}

bool LivingGallery::wantsIndex(const Gallery& gallery) const {
    const int people = gallery.size();
    return Gallery::hasIndexes() && !indexFailed_ && people >= options_.indexedFrom &&
           (gallery.indexType() == Gallery::INDEX_EXACT || gallery.outsideIndex() > people / outsideShare);
}

void LivingGallery::tryIndex(Gallery& gallery) {
    if (!wantsIndex(gallery)) {
        return;
    }
    try {
        gallery.setSearchEffort(indexEffort);
        gallery.buildIndex(Gallery::INDEX_IVF);
    } catch (const std::exception& e) {
        indexFailed_ = true;
        report_("no index, so that each search compares with everybody: " + reasonOf(e));
    }
}

void LivingGallery::index() {
    if (const auto gallery = current().gallery) {
        tryIndex(*gallery);
    }
}

void LivingGallery::dropRetired() {
    std::vector<cv::Ptr<Gallery>> unused;
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto firstUnused =
        std::partition(retired_.begin(), retired_.end(), [](const cv::Ptr<Gallery>& g) { return g.use_count() > 1; });
    std::move(firstUnused, retired_.end(), std::back_inserter(unused));
    retired_.erase(firstUnused, retired_.end());
}

}  // namespace drgan
