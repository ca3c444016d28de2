// SPDX-License-Identifier: Apache-2.0
#include "align.hpp"
#include "face_finder.hpp"
#include "picture.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr float leastFaceScore = 0.5F;  // by the aligner, to confirm a detection

/// Uses a bundle's detector, whose detections its aligner confirms, with the aligner's landmarks.
class BundleFinder : public FaceFinder {
public:
    BundleFinder(Ptr<Detector> detector, Ptr<Aligner> aligner)
        : detector_(std::move(detector)), aligner_(std::move(aligner)) {}

    int workingSide() const CV_OVERRIDE { return detector_->getMaxSide(); }
    float sureScore() const CV_OVERRIDE { return 0.8F; }
    bool measuresLandmarks() const CV_OVERRIDE { return !aligner_.empty(); }

    Ptr<FaceFinder> clone() const CV_OVERRIDE {
        return makePtr<BundleFinder>(detector_->clone(), aligner_ ? aligner_->clone() : Ptr<Aligner>());
    }

    void find(InputArray image, OutputArray faces, float minFace) CV_OVERRIDE {
        const Mat picture = pictureBgr(image, "image");
        Mat found;
        detector_->detect(picture, found);
        std::vector<FaceRow> rows;
        for (int i = 0; i < found.rows; ++i) {
            const FaceRow row(found.ptr<float>(i));
            if (std::min(row[2], row[3]) >= 1 && largerSide(row) >= minFace) {
                rows.push_back(row);
            }
        }
        if (aligner_ && !rows.empty()) {
            confirm(picture, rows);
        }
        keepBest(rows);
        write(rows, faces);
    }

private:
    void confirm(const Mat& picture, std::vector<FaceRow>& rows) {
        Mat boxes(static_cast<int>(rows.size()), boxValues, CV_32F), seen;
        for (int i = 0; i < boxes.rows; ++i) {
            std::copy_n(rows[i].val, boxValues, boxes.ptr<float>(i));
        }
        aligner_->align(picture, boxes, seen, 3);
        std::vector<FaceRow> sure;
        for (int i = 0; i < seen.rows; ++i) {
            const auto* face = seen.ptr<float>(i);
            if (face[detectorValues - 1] >= leastFaceScore) {
                FaceRow& row = rows[i];
                std::copy(face + boxValues, face + detectorValues - 1, row.val + boxValues);
                sure.push_back(row);
            }
        }
        rows = sure;
    }

    Ptr<Detector> detector_;
    Ptr<Aligner> aligner_;
};

}  // namespace

Ptr<FaceFinder> createBundleFinder(const Bundle& bundle, int backendId, int targetId) {
    for (const auto& model : {std::make_pair("detector", bundle.detector), std::make_pair("aligner", bundle.aligner)}) {
        if (model.second.empty()) {
            CV_Error(Error::StsObjectNotFound, "the bundle '" + bundle.folder + "' has no " + model.first +
                                                   ".onnx to detect faces with; give a YuNet model instead");
        }
    }
    return FaceFinder::createFromModels(Detector::create(bundle.detector, nullptr, backendId, targetId),
                                        Aligner::create(bundle.aligner, nullptr, backendId, targetId));
}

Ptr<FaceFinder> FaceFinder::createFromModels(const Ptr<Detector>& detector, const Ptr<Aligner>& aligner) {
    if (!detector) {
        CV_Error(Error::StsNullPtr, "detector: got none, expected one");
    }
    if (aligner && aligner->bundleId() != detector->bundleId()) {
        CV_Error(Error::StsBadArg, "the detector is of the bundle \"" + detector->bundleId() + "\", the aligner of \"" +
                                       aligner->bundleId() + "\": expected the same bundle");
    }
    return makePtr<BundleFinder>(detector, aligner);
}

}  // namespace drgan
}  // namespace cv
