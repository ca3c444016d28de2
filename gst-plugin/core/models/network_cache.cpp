// SPDX-License-Identifier: Apache-2.0
#include "network_cache.hpp"

#include <utility>

namespace drgan {
namespace {

using cv::drgan::Aligner;
using cv::drgan::Decoder;
using cv::drgan::Encoder;
using cv::drgan::FaceFinder;

// Const functions may be called while others compute: they use the first instance.

class SharedEncoder final : public Encoder {
public:
    explicit SharedEncoder(std::shared_ptr<InstancePool<Encoder>> pool) : pool_(std::move(pool)), user_(pool_) {}

    cv::Ptr<Encoder> clone() const override { return cv::makePtr<SharedEncoder>(pool_); }  // another user

    void feature(cv::InputArray aligned, cv::OutputArray embedding, float& confidence) override {
        user_.acquire()->feature(aligned, embedding, confidence);
    }
    void features(cv::InputArrayOfArrays aligned, cv::OutputArray embeddings, cv::OutputArray confidences) override {
        user_.acquire()->features(aligned, embeddings, confidences);
    }
    void featuresAndAppearances(cv::InputArrayOfArrays aligned, cv::OutputArray embeddings, cv::OutputArray confidences,
                                cv::OutputArray appearances) override {
        user_.acquire()->featuresAndAppearances(aligned, embeddings, confidences, appearances);
    }
    void appearance(cv::InputArray aligned, cv::OutputArray appearance) override {
        user_.acquire()->appearance(aligned, appearance);
    }
    void alignCrop(cv::InputArray src, cv::InputArray face, cv::OutputArray dst) const override {
        user_.first().alignCrop(src, face, dst);
    }
    double match(cv::InputArray a, cv::InputArray b, int disType) const override {
        return user_.first().match(a, b, disType);
    }
    int embeddingSize() const override { return user_.first().embeddingSize(); }
    int appearanceSize() const override { return user_.first().appearanceSize(); }
    cv::drgan::Alignment alignment() const override { return user_.first().alignment(); }
    cv::String bundleId() const override { return user_.first().bundleId(); }

private:
    std::shared_ptr<InstancePool<Encoder>> pool_;
    InstancePool<Encoder>::User user_;
};

class SharedDecoder final : public Decoder {
public:
    explicit SharedDecoder(std::shared_ptr<InstancePool<Decoder>> pool) : pool_(std::move(pool)), user_(pool_) {}

    cv::Ptr<Decoder> clone() const override { return cv::makePtr<SharedDecoder>(pool_); }  // another user

    void rotate(cv::InputArray embedding, float yawDegrees, cv::OutputArray face, cv::InputArray noise) override {
        user_.acquire()->rotate(embedding, yawDegrees, face, noise);
    }
    void frontalize(cv::InputArray embedding, cv::OutputArray face, cv::InputArray noise) override {
        user_.acquire()->frontalize(embedding, face, noise);
    }
    std::vector<float> poses() const override { return user_.first().poses(); }
    int embeddingSize() const override { return user_.first().embeddingSize(); }
    int noiseSize() const override { return user_.first().noiseSize(); }
    int imageSize() const override { return user_.first().imageSize(); }
    cv::String bundleId() const override { return user_.first().bundleId(); }

private:
    std::shared_ptr<InstancePool<Decoder>> pool_;
    InstancePool<Decoder>::User user_;
};

class SharedAligner final : public Aligner {
public:
    explicit SharedAligner(std::shared_ptr<InstancePool<Aligner>> pool) : pool_(std::move(pool)), user_(pool_) {}

    cv::Ptr<Aligner> clone() const override { return cv::makePtr<SharedAligner>(pool_); }  // another user

    void align(cv::InputArray image, cv::InputArray boxes, cv::OutputArray faces, int passes) override {
        user_.acquire()->align(image, boxes, faces, passes);
    }
    int imageSize() const override { return user_.first().imageSize(); }
    float cropFactor() const override { return user_.first().cropFactor(); }
    cv::String bundleId() const override { return user_.first().bundleId(); }

private:
    std::shared_ptr<InstancePool<Aligner>> pool_;
    InstancePool<Aligner>::User user_;
};

class SharedFinder final : public FaceFinder {
public:
    explicit SharedFinder(std::shared_ptr<InstancePool<FaceFinder>> pool) : pool_(std::move(pool)), user_(pool_) {}

    cv::Ptr<FaceFinder> clone() const override { return cv::makePtr<SharedFinder>(pool_); }  // another user

    void find(cv::InputArray image, cv::OutputArray faces, float minFace) override {
        user_.acquire()->find(image, faces, minFace);
    }
    int workingSide() const override { return user_.first().workingSide(); }
    float sureScore() const override { return user_.first().sureScore(); }
    bool measuresLandmarks() const override { return user_.first().measuresLandmarks(); }

private:
    std::shared_ptr<InstancePool<FaceFinder>> pool_;
    InstancePool<FaceFinder>::User user_;
};

}  // namespace

NetworkCache& NetworkCache::ofProcess() {
    static auto* const pool = new NetworkCache;  // never deleted: streams may outlive main()
    return *pool;
}

template <typename T>
std::shared_ptr<InstancePool<T>> NetworkCache::find(const std::string& key, Load<T> load) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto e = entries_.begin(); e != entries_.end();) {
        e = e->second.shared.expired() ? entries_.erase(e) : std::next(e);
    }
    Entry& entry = entries_[key];
    auto shared = std::static_pointer_cast<InstancePool<T>>(entry.shared.lock());
    if (!shared) {
        const auto counted = [this, load = std::move(load)] {
            auto network = load();
            ++loads_;
            return network;
        };
        shared = std::make_shared<InstancePool<T>>(counted, static_cast<size_t>(std::max(1, cv::getNumberOfCPUs())));
        entry.shared = shared;
        entry.size = [weak = std::weak_ptr<InstancePool<T>>(shared)] {
            const auto s = weak.lock();
            return s ? s->size() : 0;
        };
    }
    return shared;
}

cv::Ptr<Encoder> NetworkCache::encoder(const std::string& key, Load<Encoder> load) {
    return cv::makePtr<SharedEncoder>(find<Encoder>("encoder " + key, std::move(load)));
}

cv::Ptr<Decoder> NetworkCache::decoder(const std::string& key, Load<Decoder> load) {
    return cv::makePtr<SharedDecoder>(find<Decoder>("decoder " + key, std::move(load)));
}

cv::Ptr<Aligner> NetworkCache::aligner(const std::string& key, Load<Aligner> load) {
    return cv::makePtr<SharedAligner>(find<Aligner>("aligner " + key, std::move(load)));
}

cv::Ptr<FaceFinder> NetworkCache::finder(const std::string& key, Load<FaceFinder> load) {
    return cv::makePtr<SharedFinder>(find<FaceFinder>("finder " + key, std::move(load)));
}

NetworkCache::Counts NetworkCache::counts() const {
    Counts counts;
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [key, entry] : entries_) {
        counts.networks += entry.size();
    }
    counts.loads = loads_;
    return counts;
}

}  // namespace drgan
