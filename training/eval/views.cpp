// SPDX-License-Identifier: Apache-2.0

#include "views.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <map>
#include <opencv2/imgproc.hpp>

#include "io/face_set.hpp"
#include "set_protocol.hpp"

namespace drgan::eval {

namespace {

constexpr float nearFrontal = 15;  // degrees
constexpr size_t mostPeople = 600;
constexpr size_t mostExamples = 16;

cv::Mat faceEllipse(const cv::drgan::Alignment& alignment) {
    // In units of the distance from the eyes to the mouth; it ends at the hairline, the chin and the cheeks.
    constexpr double below = 0.4, halfWidth = 1.1, halfHeight = 1.45;
    const double side = alignment.size, unit = alignment.eyeMouth * side;
    cv::Mat mask(alignment.size, alignment.size, CV_8U, cv::Scalar(0));
    const cv::RotatedRect around(
        {static_cast<float>(alignment.eyes.x * side), static_cast<float>(alignment.eyes.y * side + below * unit)},
        {static_cast<float>(2 * halfWidth * unit), static_cast<float>(2 * halfHeight * unit)}, 0);
    cv::ellipse(mask, around, cv::Scalar(255), cv::FILLED);
    return mask;
}

cv::Mat toLab(const cv::Mat& bgr) {
    cv::Mat result;
    bgr.convertTo(result, CV_32F, 1. / 255);
    cv::cvtColor(result, result, cv::COLOR_BGR2Lab);
    return result;
}

double correlation(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask) {
    cv::Mat greyA, greyB;
    cv::cvtColor(a, greyA, cv::COLOR_BGR2GRAY);
    cv::cvtColor(b, greyB, cv::COLOR_BGR2GRAY);
    greyA.convertTo(greyA, CV_64F);
    greyB.convertTo(greyB, CV_64F);
    cv::Scalar meanA, meanB, deviationA, deviationB;
    cv::meanStdDev(greyA, meanA, deviationA, mask);
    cv::meanStdDev(greyB, meanB, deviationB, mask);
    const double product = cv::mean((greyA - meanA[0]).mul(greyB - meanB[0]), mask)[0];
    const double scale = deviationA[0] * deviationB[0];
    return scale > 0 ? product / scale : 0;
}

/// Draws views and sums up how like they are.
class Study {
public:
    explicit Study(const cv::drgan::Bundle& bundle)
        : encoder_(cv::drgan::Encoder::create(bundle.encoder)),
          decoder_(cv::drgan::Decoder::create(bundle.decoder, encoder_)) {}

    cv::drgan::Alignment alignment() const { return encoder_->alignment(); }

    void compare(const cv::Mat& truth, const cv::Mat& input, bool turned) {
        cv::Mat embedding, confidence, appearance, view;
        const std::vector<cv::Mat> pictures{input};
        encoder_->featuresAndAppearances(pictures, embedding, confidence, appearance);
        decoder_->frontalize(embedding, view, appearance);
        const cv::drgan::Alignment seen = alignment();
        if (view.cols != seen.size) {
            cv::resize(view, view, {seen.size, seen.size}, 0, 0, cv::INTER_AREA);
        }
        const Likeness like = likeness(view, truth, seen);
        ViewLikeness& sum = turned ? views_.turned : views_.own;
        sum.mean.colour += like.colour;
        sum.mean.lab += like.lab;
        sum.mean.grey += like.grey;
        ++sum.pictures;
        std::vector<cv::Mat>& shown = turned ? turnedExamples_ : ownExamples_;
        if (shown.size() < mostExamples) {
            cv::Mat column;
            cv::vconcat(std::vector<cv::Mat>{truth, input, view}, column);
            shown.push_back(column);
        }
    }

    Views result() {
        for (ViewLikeness* sum : {&views_.own, &views_.turned}) {
            const double count = std::max<double>(1, static_cast<double>(sum->pictures));
            sum->mean.colour /= count;
            sum->mean.lab /= count;
            sum->mean.grey /= count;
        }
        const std::vector<cv::Mat>& shown = turnedExamples_.empty() ? ownExamples_ : turnedExamples_;
        if (!shown.empty()) {
            cv::hconcat(shown, views_.examples);
        }
        return views_;
    }

private:
    cv::Ptr<cv::drgan::Encoder> encoder_;
    cv::Ptr<cv::drgan::Decoder> decoder_;
    Views views_;
    std::vector<cv::Mat> ownExamples_, turnedExamples_;
};

}  // namespace

Likeness likeness(const cv::Mat& a, const cv::Mat& b, const cv::drgan::Alignment& alignment) {
    const cv::Mat mask = faceEllipse(alignment), labA = toLab(a), labB = toLab(b);
    const cv::Scalar apart = cv::mean(labA, mask) - cv::mean(labB, mask);
    cv::Mat difference;
    cv::absdiff(labA, labB, difference);
    const cv::Scalar absolute = cv::mean(difference, mask);
    return {std::sqrt(apart.dot(apart)), (absolute[0] + absolute[1] + absolute[2]) / 3, correlation(a, b, mask)};
}

Views viewsOfSet(const std::string& path, const std::string& split, const cv::drgan::Bundle& bundle) {
    Study study(bundle);
    const SetPeople people(path, split);
    people.checkAlignment(study.alignment(), "the bundle");
    const Faces real = people.faces();  // of the split; reads the others, too
    const io::FaceSet set(path);
    std::map<size_t, std::vector<size_t>> turned;  // views by the real picture
    for (size_t row = 0; row < set.size(); ++row) {
        if (set.origin()[row] >= 0) {
            turned[static_cast<size_t>(set.origin()[row])].push_back(row);
        }
    }
    size_t done = 0;
    for (size_t row = 0; row < set.size() && done < mostPeople; ++row) {
        const auto face = real.all().find(rowName(row));
        if (face == real.all().end() || std::abs(face->second.yaw) > nearFrontal) {
            continue;
        }
        const cv::Mat truth = real.read(face->first);
        study.compare(truth, truth, false);
        for (const size_t view : turned[row]) {
            study.compare(truth, real.read(rowName(view)), true);
        }
        ++done;
    }
    if (done == 0) {
        throw std::runtime_error(
            fmt::format("{}: the split '{}' has no real face with |yaw| of at most {:g}", path, split, nearFrontal));
    }
    return study.result();
}

Views viewsOfFrontals(const Persons& persons, const Faces& faces, const cv::drgan::Bundle& bundle) {
    Study study(bundle);
    for (const Person& person : persons) {
        for (const std::string& name : person.frontal) {
            cv::Mat aligned = faces.read(name);
            if (!faces.at(name).place.empty()) {
                cv::drgan::alignCrop(aligned, faces.at(name).place, aligned, study.alignment());
            }
            study.compare(aligned, aligned, false);
        }
    }
    return study.result();
}

std::string table(const Views& views) {
    std::string text = "                 pictures  mean colour  Lab   grey correlation\n";
    for (const auto& [name, row] :
         {std::pair{"from the picture", &views.own}, std::pair{"from turned ones", &views.turned}}) {
        if (row->pictures > 0) {
            text += fmt::format("{} {:8}  {:11.2f}  {:4.2f}  {:.3f}\n", name, row->pictures, row->mean.colour,
                                row->mean.lab, row->mean.grey);
        }
    }
    return text;
}

nlohmann::json report(const Views& views) {
    nlohmann::json result;
    for (const auto& [name, row] : {std::pair{"own", &views.own}, std::pair{"turned", &views.turned}}) {
        if (row->pictures > 0) {
            result[name] = {{"pictures", row->pictures},
                            {"colour", row->mean.colour},
                            {"lab", row->mean.lab},
                            {"grey", row->mean.grey}};
        }
    }
    return result;
}

}  // namespace drgan::eval
