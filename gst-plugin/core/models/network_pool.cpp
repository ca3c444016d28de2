// SPDX-License-Identifier: Apache-2.0
#include "network_pool.hpp"

#include <utility>

namespace drgan {
namespace {

using cv::drgan::Aligner;
using cv::drgan::Decoder;
using cv::drgan::Encoder;
using cv::drgan::FaceFinder;

// Functions that are const may be called while others compute: they ask the first network.

class SharedEncoder final : public Encoder {
public:
    explicit SharedEncoder(std::shared_ptr<Shared<Encoder>> of) : of_(std::move(of)), user_(of_) {}

    cv::Ptr<Encoder> clone() const override { return cv::makePtr<SharedEncoder>(of_); }  // another user

    void feature(cv::InputArray aligned, cv::OutputArray embedding, float& confidence) override {
        user_.borrow()->feature(aligned, embedding, confidence);
    }
    void features(cv::InputArrayOfArrays aligned, cv::OutputArray embeddings, cv::OutputArray confidences) override {
        user_.borrow()->features(aligned, embeddings, confidences);
    }
    void alignCrop(cv::InputArray src, cv::InputArray face, cv::OutputArray dst) const override {
        user_.first().alignCrop(src, face, dst);
    }
    double match(cv::InputArray a, cv::InputArray b, int disType) const override {
        return user_.first().match(a, b, disType);
    }
    int embeddingSize() const override { return user_.first().embeddingSize(); }
    cv::drgan::Alignment alignment() const override { return user_.first().alignment(); }
    cv::String bundleId() const override { return user_.first().bundleId(); }

private:
    std::shared_ptr<Shared<Encoder>> of_;
    Shared<Encoder>::User user_;
};

class SharedDecoder final : public Decoder {
public:
    explicit SharedDecoder(std::shared_ptr<Shared<Decoder>> of) : of_(std::move(of)), user_(of_) {}

    cv::Ptr<Decoder> clone() const override { return cv::makePtr<SharedDecoder>(of_); }  // another user

    void rotate(cv::InputArray embedding, float yawDegrees, cv::OutputArray face, cv::InputArray noise) override {
        user_.borrow()->rotate(embedding, yawDegrees, face, noise);
    }
    void frontalize(cv::InputArray embedding, cv::OutputArray face) override {
        user_.borrow()->frontalize(embedding, face);
    }
    std::vector<float> poses() const override { return user_.first().poses(); }
    int embeddingSize() const override { return user_.first().embeddingSize(); }
    int noiseSize() const override { return user_.first().noiseSize(); }
    int imageSize() const override { return user_.first().imageSize(); }
    cv::String bundleId() const override { return user_.first().bundleId(); }

private:
    std::shared_ptr<Shared<Decoder>> of_;
    Shared<Decoder>::User user_;
};

class SharedAligner final : public Aligner {
public:
    explicit SharedAligner(std::shared_ptr<Shared<Aligner>> of) : of_(std::move(of)), user_(of_) {}

    cv::Ptr<Aligner> clone() const override { return cv::makePtr<SharedAligner>(of_); }  // another user

    void align(cv::InputArray image, cv::InputArray boxes, cv::OutputArray faces, int passes) override {
        user_.borrow()->align(image, boxes, faces, passes);
    }
    int imageSize() const override { return user_.first().imageSize(); }
    float cropFactor() const override { return user_.first().cropFactor(); }
    cv::String bundleId() const override { return user_.first().bundleId(); }

private:
    std::shared_ptr<Shared<Aligner>> of_;
    Shared<Aligner>::User user_;
};

class SharedFinder final : public FaceFinder {
public:
    explicit SharedFinder(std::shared_ptr<Shared<FaceFinder>> of) : of_(std::move(of)), user_(of_) {}

    cv::Ptr<FaceFinder> clone() const override { return cv::makePtr<SharedFinder>(of_); }  // another user

    void find(cv::InputArray image, cv::OutputArray faces, float minFace) override {
        user_.borrow()->find(image, faces, minFace);
    }
    int workingSide() const override { return user_.first().workingSide(); }
    float sureScore() const override { return user_.first().sureScore(); }
    bool measuresLandmarks() const override { return user_.first().measuresLandmarks(); }

private:
    std::shared_ptr<Shared<FaceFinder>> of_;
    Shared<FaceFinder>::User user_;
};

}  // namespace

NetworkPool& NetworkPool::ofProcess() {
    static auto* const pool = new NetworkPool;  // never deleted: streams may outlive main()
    return *pool;
}

template <typename T>
std::shared_ptr<Shared<T>> NetworkPool::find(const std::string& key, Load<T> load) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto e = entries_.begin(); e != entries_.end();) {
        e = e->second.shared.expired() ? entries_.erase(e) : std::next(e);
    }
    Entry& entry = entries_[key];
    auto shared = std::static_pointer_cast<Shared<T>>(entry.shared.lock());
    if (!shared) {
        const auto counted = [this, load = std::move(load)] {
            auto network = load();
            ++loads_;
            return network;
        };
        shared = std::make_shared<Shared<T>>(counted, static_cast<size_t>(std::max(1, cv::getNumberOfCPUs())));
        entry.shared = shared;
        entry.size = [weak = std::weak_ptr<Shared<T>>(shared)] {
            const auto s = weak.lock();
            return s ? s->size() : 0;
        };
    }
    return shared;
}

cv::Ptr<Encoder> NetworkPool::encoder(const std::string& key, Load<Encoder> load) {
    return cv::makePtr<SharedEncoder>(find<Encoder>("encoder " + key, std::move(load)));
}

cv::Ptr<Decoder> NetworkPool::decoder(const std::string& key, Load<Decoder> load) {
    return cv::makePtr<SharedDecoder>(find<Decoder>("decoder " + key, std::move(load)));
}

cv::Ptr<Aligner> NetworkPool::aligner(const std::string& key, Load<Aligner> load) {
    return cv::makePtr<SharedAligner>(find<Aligner>("aligner " + key, std::move(load)));
}

cv::Ptr<FaceFinder> NetworkPool::finder(const std::string& key, Load<FaceFinder> load) {
    return cv::makePtr<SharedFinder>(find<FaceFinder>("finder " + key, std::move(load)));
}

NetworkPool::Counts NetworkPool::counts() const {
    Counts counts;
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [key, entry] : entries_) {
        counts.networks += entry.size();
    }
    counts.loads = loads_;
    return counts;
}

}  // namespace drgan
