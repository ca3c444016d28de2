// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <opencv2/drgan/model_contract.hpp>
#include <utility>

#include "file_stamp.hpp"
#include "reason.hpp"

namespace drgan {
namespace {

// Minimum detection score. Higher than for still pictures, as a false detection has a chance on every frame, and a face
// needs to be detected only once to be tracked. A camera that pans over photographs without faces (64 kept out of
// training, 640x360, every fifth frame) gives 14 detections of 24 pixels and more an hour that the aligner confirms
// twice; at 0.6 it is 28, at 0.5 211.
constexpr float minDetectionScore = 0.7F;

// Pixels: above any frame that detect() hands to the detector, because it scales frames down itself.
constexpr int anySize = 8192;

std::string absolute(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> found(realpath(path.c_str(), nullptr), std::free);
    return found ? found.get() : path;
}

// Identifies a version of a bundle: its folder, its files, and the contents of the manifest. Networks with the same
// stamp are shared.
std::string stampOf(const cv::drgan::Bundle& bundle) {
    const std::string manifest = bundle.folder + "/" + cv::drgan::contract::manifestFile;
    std::string stamp = absolute(bundle.folder) + " " + bundle.id;
    for (const auto& path : {manifest, bundle.encoder, bundle.decoder, bundle.aligner, bundle.detector}) {
        stamp += " " + enrolment::fileStamp(path);
    }
    std::ifstream file(manifest, std::ios::binary);
    return stamp.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Loads a network and checks that the files have not changed meanwhile, so that the stamp is that of the loaded
// network.
template <typename Stamp, typename Load>
auto unchanged(const std::string& what, const std::string& stamp, Stamp stampNow, Load load) {
    auto network = load();
    if (stampNow() != stamp) {
        CV_Error(cv::Error::StsError, what + ": was changed while it was read");
    }
    return network;
}

// What the other networks of a bundle are checked against. They do not hold the encoder, which has its own users.
struct EncoderFacts {
    std::string bundleId;
    int embeddingSize;

    void checkId(const std::string& file, const std::string& id) const {
        if (id != bundleId) {
            CV_Error(cv::Error::StsBadArg, file + ": belongs to the bundle \"" + id + "\", expected the encoder's, \"" +
                                               bundleId + "\": models of different bundles do not mix");
        }
    }
    void checkSize(const std::string& file, int size) const {
        if (size != embeddingSize) {
            CV_Error(cv::Error::StsUnmatchedSizes, file + ": takes embeddings of " + std::to_string(size) +
                                                       " values, expected the encoder's " +
                                                       std::to_string(embeddingSize));
        }
    }
};

class Loader {
public:
    Loader(ModelFiles files, const Device& device, NetworkCache& cache)
        : files_(std::move(files)),
          d_(device),
          cache_(cache),
          bundle_(cv::drgan::Bundle::load(files_.bundle)),
          stamp_(stampOf(bundle_)),
          on_(" on " + std::to_string(device.backend) + " " + std::to_string(device.target)) {}

    LoadedModels load() const {
        using namespace cv::drgan;
        Models models;
        models.encoder = cache_.encoder(stamp_ + on_, ofBundle<Encoder>([d = d_](const Bundle& b) {
                                            return Encoder::create(b.encoder, d.backend, d.target);
                                        }));
        const EncoderFacts facts{models.encoder->bundleId(), models.encoder->embeddingSize()};
        models.decoder = cache_.decoder(stamp_ + on_, ofBundle<Decoder>([d = d_, facts](const Bundle& b) {
                                            auto decoder = Decoder::create(b.decoder, nullptr, d.backend, d.target);
                                            facts.checkId(b.decoder, decoder->bundleId());
                                            facts.checkSize(b.decoder, decoder->embeddingSize());
                                            return decoder;
                                        }));
        if (!bundle_.aligner.empty()) {
            models.aligner = cache_.aligner(stamp_ + on_, ofBundle<Aligner>([d = d_, facts](const Bundle& b) {
                                                auto aligner = Aligner::create(b.aligner, nullptr, d.backend, d.target);
                                                facts.checkId(b.aligner, aligner->bundleId());
                                                return aligner;
                                            }));
        }
        if (files_.detects) {
            models.finder = files_.detector.empty() ? bundlesFinder(facts) : yuNet();
        }
        models.matchThreshold = bundle_.matchThreshold;
        models.thresholds = bundle_.thresholds;
        return {models, bundle_.id};
    }

private:
    template <typename T>
    NetworkCache::Load<T> ofBundle(std::function<cv::Ptr<T>(const cv::drgan::Bundle&)> load) const {
        return [load = std::move(load), bundle = bundle_, stamp = stamp_] {
            return unchanged(
                "the bundle '" + bundle.folder + "'", stamp, [&] { return stampOf(bundle); },
                [&] { return load(bundle); });
        };
    }

    cv::Ptr<cv::drgan::FaceFinder> bundlesFinder(const EncoderFacts& facts) const {
        using namespace cv::drgan;
        const auto load = [d = d_, facts](const Bundle& b) {
            if (b.detector.empty() || b.aligner.empty()) {
                return FaceFinder::create("", b.folder, d.backend, d.target);
            }
            const auto detector = Detector::create(b.detector, nullptr, d.backend, d.target);
            facts.checkId(b.detector, detector->bundleId());
            detector->setScoreThreshold(minDetectionScore);
            detector->setMaxSide(anySize);
            // No aligner: the pipeline confirms each detection itself.
            return FaceFinder::createFromModels(detector);
        };
        return cache_.finder(stamp_ + on_, ofBundle<FaceFinder>(load));
    }

    cv::Ptr<cv::drgan::FaceFinder> yuNet() const {
        const std::string& path = files_.detector;
        return cache_.finder(absolute(path) + " " + enrolment::fileStamp(path) + on_,
                             [path, stamp = enrolment::fileStamp(path), d = d_] {
                                 return unchanged(
                                     "the detector '" + path + "'", stamp, [&] { return enrolment::fileStamp(path); },
                                     [&] { return cv::drgan::FaceFinder::create(path, "", d.backend, d.target); });
                             });
    }

    const ModelFiles files_;
    const Device d_;
    NetworkCache& cache_;
    const cv::drgan::Bundle bundle_;
    const std::string stamp_;
    const std::string on_;
};

}  // namespace

std::vector<std::string> devicesToTry(const std::string& backend, const std::string& target,
                                      const std::vector<cv::String>& available) {
    if (backend != "auto" || target != "auto") {
        return {backend + "/" + target};
    }
    const std::string cuda = "cuda/cuda";
    const std::string cpu = "opencv/cpu";
    const bool hasCuda = std::find(available.begin(), available.end(), cuda) != available.end();
    return hasCuda ? std::vector<std::string>{cuda, cpu} : std::vector<std::string>{cpu};
}

LoadedModels loadModels(const ModelFiles& files, const std::vector<Device>& candidates,
                        const std::function<void(const std::string& why)>& passedOver, NetworkCache& cache) {
    for (size_t i = 0; i + 1 < candidates.size(); ++i) {
        try {
            return Loader(files, candidates[i], cache).load();
        } catch (const cv::Exception& e) {
            passedOver(reasonOf(e));
        }
    }
    return Loader(files, candidates.back(), cache).load();
}

}  // namespace drgan
