// SPDX-License-Identifier: Apache-2.0

#include "evaluation.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>

#include "at_rates.hpp"
#include "boxes.hpp"
#include "cfp.hpp"
#include "embedder.hpp"
#include "fiducials.hpp"
#include "fusion.hpp"
#include "openset.hpp"
#include "person_labels.hpp"
#include "plots.hpp"
#include "report.hpp"
#include "stranger_groups.hpp"
#include "strangers.hpp"
#include "studies.hpp"
#include "views.hpp"

namespace drgan::eval {

namespace {

/// Studies that compare everybody with everybody take at most so many people: their work and memory grow with the
/// square.
constexpr size_t mostStudied = 500;

/// What the pictures of either data set are asked.
struct Task {
    Protocols protocols;
    Persons persons;
    Persons studied;  ///< some of them: see mostStudied
    Faces faces;
};

std::string fileName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

Task readCfp(const Options& o, nlohmann::json& report) {
    const Cfp cfp(o.cfp);
    Protocols protocols;
    std::vector<Fold> all;
    for (const char* protocol : {"FF", "FP"}) {
        for (const int number : o.folds.empty() ? cfp.availableFolds(protocol) : o.folds) {
            protocols[protocol].push_back(cfp.fold(protocol, number));
        }
        if (protocols[protocol].empty()) {
            throw std::runtime_error(o.cfp + ": no fold of " + protocol + " has all its pictures here");
        }
        all.insert(all.end(), protocols[protocol].begin(), protocols[protocol].end());
    }
    const auto finder = cv::drgan::FaceFinder::create(o.detector, o.bundle);
    Faces faces = Faces::find(all, *finder);
    for (const auto& [path, face] : faces.all()) {
        if (!face.found) {
            spdlog::warn("{}: no face found, its middle is taken", path);
        }
    }
    report["detector"] = o.detector.empty() ? "the bundle's" : fileName(o.detector);
    return {std::move(protocols), Cfp::persons(all), {}, std::move(faces)};
}

Task readSet(const Options& o, const std::vector<const Embedder*>& networks, nlohmann::json& report) {
    const SetProtocol set(o.faces, o.set);
    for (const Embedder* network : networks) {
        set.checkAlignment(network->alignment(),
                           network == networks.front() && !o.bundle.empty() ? o.bundle : o.recognizer);
    }
    report["faces"] = fileName(o.faces);
    report["split"] = o.set.split;
    for (const char* protocol : {"FF", "FP"}) {
        if (set.protocols().count(protocol) == 0) {
            spdlog::warn("{}: {} is not measured: the split '{}' has no such pairs of one person and of two", o.faces,
                         protocol, o.set.split);
        }
    }
    report["all_pairs"] = o.set.allPairs;
    return {set.protocols(), set.persons(), {}, set.faces()};
}

/// Evenly spaced ones, where there are too many.
Persons limited(const Persons& persons) {
    if (persons.size() <= mostStudied) {
        return persons;
    }
    Persons some;
    for (size_t i = 0; i < mostStudied; ++i) {
        some.push_back(persons[i * persons.size() / mostStudied]);
    }
    return some;
}

/// A protocol's folds with their scores.
struct Scored {
    std::vector<FoldResult> folds;
    PairScores all;  ///< of all folds
};

Scored score(const std::vector<Fold>& folds, const Faces& faces, const Embeddings& embeddings, double threshold) {
    std::vector<int> numbers;
    std::vector<PairScores> scores;
    std::vector<size_t> notFound;
    for (const Fold& fold : folds) {
        PairScores of;
        std::set<std::string> missing;
        for (const Pair& pair : fold.pairs) {
            const auto cosine = static_cast<float>(embeddings.at(pair.first).dot(embeddings.at(pair.second)));
            (pair.same ? of.same : of.different).push_back(cosine);
            for (const std::string& picture : {pair.first, pair.second}) {
                if (!faces.at(picture).found) {
                    missing.insert(picture);
                }
            }
        }
        numbers.push_back(fold.number);
        scores.push_back(std::move(of));
        notFound.push_back(missing.size());
    }
    return {measureFolds(numbers, scores, threshold, notFound), joined(scores)};
}

/// Runs the protocols and all frontal-profile pairs, prints the tables and adds them to the report.
void verify(const Task& task, const Embeddings& embeddings, double threshold, const Plots* plots,
            nlohmann::json& report) {
    NamedScores curves;
    for (const auto& [protocol, folds] : task.protocols) {
        Scored scored = score(folds, task.faces, embeddings, threshold);
        std::printf("%s\n", tableProtocol(protocol, scored.folds).c_str());
        report[protocol] = reportProtocol(scored.folds);
        curves.emplace_back(protocol, std::move(scored.all));
    }
    PairScores everything = allFrontalProfile(task.studied, embeddings);
    if (everything.same.empty() || everything.different.empty()) {
        std::printf(
            "all frontal-profile pairs of these people: not measured, there are none of one person and of two\n\n");
        if (plots) {
            plots->roc(curves);
        }
        return;
    }
    const size_t pairs = everything.same.size() + everything.different.size();
    const double eer = equalErrorRate(everything);
    const double tar1 = acceptedAt(everything, 0.01), tar01 = acceptedAt(everything, 0.001);
    std::printf(
        "all frontal-profile pairs of these people: %zu, EER %.2f%%, TAR at FAR 1%% %.2f%%, at 0.1%% %.2f%%\n\n", pairs,
        100 * eer, 100 * tar1, 100 * tar01);
    report["all_frontal_profile"] = {
        {"pairs", pairs}, {"eer", eer}, {"tar_at_far_1_percent", tar1}, {"tar_at_far_0.1_percent", tar01}};
    curves.emplace_back("all frontal-profile", std::move(everything));
    if (plots) {
        plots->roc(curves);
    }
}

/// Locates the landmarks with the bundle's aligner, given only the boxes.
void landAnew(const Options& o, const cv::drgan::Bundle& bundle, Faces& faces, nlohmann::json& report) {
    if (bundle.aligner.empty()) {
        throw std::runtime_error(o.bundle + ": --boxes asks the bundle's aligner, and it has none");
    }
    Landed landed = landFromBoxes(faces, *cv::drgan::Aligner::create(bundle.aligner), o.jitter);
    faces = std::move(landed.faces);
    std::printf("Landmarks and yaw from %s boxes, errors in units of the eye-mouth distance and degrees:\n%s\n",
                o.jitter ? "jittered" : "the detector's",
                landed.rows.empty() ? "not measured: the faces have no landmarks\n" : table(landed.rows).c_str());
    report["boxes"] = {{"jitter", o.jitter}, {"errors", eval::report(landed.rows)}};
}

/// Where CFP's fiducials are there.
void measureLandmarks(const Options& o, const Faces& faces, nlohmann::json& report) {
    const std::vector<FiducialErrors> rows = againstFiducials(faces);
    if (!rows.empty()) {
        std::printf("%s landmarks against CFP's hand-made points, in units of the eye-mouth distance:\n%s\n",
                    o.boxes ? "The aligner's" : "The detector's", table(rows).c_str());
        report["landmarks"] = eval::report(rows);
    }
}

std::unique_ptr<Embedder> makeRecognizer(const Options& o) {
    data::RecognizerInput input = o.input;
    input.rgb = data::parseChannelOrder(o.order);
    cv::drgan::Alignment alignment;
    alignment.eyes = {o.eyes[0], o.eyes[1]};
    alignment.eyeMouth = o.eyeMouth;
    return embedRecognizer(o.recognizer, input, alignment);
}

void studyConfidence(const Task& task, const Encoded& encoded, const Plots* plots, nlohmann::json& report) {
    const std::vector<Confidence> rows = byYaw(task.faces, encoded);
    std::printf(
        "Confidence by yaw, of the same pictures blurred (Gaussian, sigma %.0f px) and small (face of %d px):\n%s\n",
        blurSigma, smallSide, rows.empty() ? "not measured: the faces have no yaw\n" : table(rows).c_str());
    report["confidence"] = eval::report(rows);
    if (plots && !rows.empty()) {
        std::vector<ConfidencePoint> points;
        for (const auto& [picture, face] : task.faces.all()) {
            if (face.hasYaw) {
                points.push_back(
                    {face.yaw, encoded.clean.at(picture).confidence, encoded.blurred.at(picture).confidence});
            }
        }
        plots->confidence(points);
    }
}

void studyFusion(const Task& task, const Encoded& encoded, const Plots* plots, nlohmann::json& report) {
    const std::vector<Fusion> clean = byImagesFused(task.studied, {&encoded.clean});
    const std::vector<Fusion> mixed =
        byImagesFused(task.studied, {&encoded.clean, &encoded.blurred, &encoded.small, &encoded.hazy, &encoded.tiny});
    std::printf(
        "Templates of mixed pose, both sides of a pair without a picture in common, weighed by confidence, the plain "
        "mean, or only the most confident picture (best); accuracy at the best threshold, both kinds of pairs counted "
        "alike:\n%s\n",
        table(clean).c_str());
    std::printf(
        "The same with each picture at random clean, blurred (Gaussian, sigma %.0f px), hazy (sigma %.3f of the "
        "aligned "
        "face's side) or small (face of %d or of %d px):\n%s\n",
        blurSigma, hazeShare, smallSide, tinySide, table(mixed).c_str());
    report["fusion"] = eval::report(clean);
    report["fusion_mixed_quality"] = eval::report(mixed);
    if (plots && !clean.empty()) {
        plots->fusion(clean, mixed);
    }
}

/// What the bundle's frontal views of the profiles give another recogniser.
void studyFrontalViews(const Options& o, const cv::drgan::Bundle& bundle, Embedder& recognizer, const Task& task,
                       const Encodings& encodings, nlohmann::json& report) {
    const Embeddings raw = encodeAll(task.faces, recognizer, o.mirror, false).embeddings;
    const Embeddings views = frontalized(task.persons, encodings, bundle, recognizer, raw, o.mirror);
    for (const auto& [name, embeddings] : {std::pair{"raw", &raw}, std::pair{"frontalized", &views}}) {
        const Scored scored = score(task.protocols.at("FP"), task.faces, *embeddings, std::nan(""));
        const double eer = equalErrorRate(allFrontalProfile(task.studied, *embeddings));
        report["recognizer_on_profiles"][name] = reportProtocol(scored.folds);
        report["recognizer_on_profiles"][name]["eer_all_pairs"] = eer;
        std::printf("The recogniser, profiles %s: EER over all frontal-profile pairs %.2f%%\n%s\n", name, 100 * eer,
                    tableProtocol("FP", scored.folds).c_str());
    }
}

void studyViews(const Views& views, const Plots* plots, nlohmann::json& report) {
    std::printf("Frontal views against the frontal pictures, over the face (CIE Lab):\n%s\n", table(views).c_str());
    report["views"] = eval::report(views);
    if (plots && !views.examples.empty()) {
        plots->examples(views.examples);
    }
}

/// Measures how alike the strangers are, and writes it to the bundle if asked to.
/// @param thresholds gets the cosines
Strangers studyStrangers(const Options& o, Embedder& network, cv::drgan::Thresholds& thresholds,
                         nlohmann::json& report) {
    const SetPeople set(o.strangers, o.strangersSplit);
    set.checkAlignment(network.alignment(), o.bundle.empty() ? o.recognizer : o.bundle);
    std::vector<PersonLabels> labels;
    if (!o.strangersLabels.empty()) {  // before the pictures, which take long
        labels = readPersonLabels(o.strangersLabels, set.persons());
    }
    const Encoded encoded = encodeAll(set.faces(), network, false, false);  // as programs do, without mirror images
    Strangers strangers = strangersOf(set.persons(), encoded.clean);
    const size_t before = strangers.people;
    if (o.samePerson <= 1) {
        strangers = withoutSame(strangers, o.samePerson);
        std::printf("%zu of %zu strangers are left out: a picture of them is at or above %.3f to somebody else's\n",
                    before - strangers.people, before, o.samePerson);
    }
    const FalseMatches measured = measureStrangers(strangers);
    std::printf("%s\n", table(measured).c_str());
    report["strangers"] = eval::report(measured);
    report["strangers"]["left_out"] = before - strangers.people;
    report["strangers"]["faces"] = fileName(o.strangers);
    report["strangers"]["split"] = o.strangersSplit;
    thresholds = measured.thresholds;
    if (!labels.empty()) {
        const StrangerGroups groups = groupStrangers(strangers, labels, thresholds);
        std::printf(
            "Strangers of one group: false-match rate at these cosines, and its ratio to that of all pairs:\n%s\n",
            table(groups).c_str());
        report["strangers"]["groups"] = eval::report(groups);
        report["strangers"]["groups"]["labels"] = fileName(o.strangersLabels);
    }
    if (o.writeThresholds) {
        writeThresholds(thresholds, o.bundle);
        spdlog::info("{}: its manifest has these thresholds now", o.bundle);
    }
    return strangers;
}

/// How many pairs of one person are accepted at the strangers' cosines. Only the faces count, without mirror images, as
/// those are measured.
void studyAtRates(const Task& task, const Encodings& encodings, const cv::drgan::Thresholds& thresholds,
                  nlohmann::json& report) {
    const AtRates measured = acceptedAtRates(task.persons, encodings, thresholds);
    std::printf(
        "TAR at the strangers' cosines, %%: all pairs of one person, and templates of 2, 4 and 8 pictures a side, of "
        "mixed pose and weighed by confidence; without mirror images:\n%s\n",
        table(measured).c_str());
    report["at_stranger_rates"] = eval::report(measured);
}

/// Who is named in galleries of these people. Only the faces count, without mirror images, as programs see them.
void studyOpenSet(const Options& o, const Task& task, const Encodings& encodings, const Strangers& strangers,
                  cv::drgan::NamingRule rule, nlohmann::json& report) {
    rule.strangerRate = o.strangerRate;
    const std::vector<OpenSet> rows = identifyOpenSet(task.persons, encodings, strangers, rule);
    std::printf(
        "Open-set identification: galleries of people, searched for other pictures of them (TPIR: given the right "
        "name) "
        "and for strangers (FPIR: given a name), at the thresholds for an FPIR of 10 and 1 %%, and by the rule of "
        "Gallery::identify%s:\n%s\n",
        rule.thresholds.empty() ? " (without thresholds: from the match threshold on)"
                                : fmt::format(" asked for {:g} %", 100 * rule.strangerRate).c_str(),
        table(rows).c_str());
    report["open_set"] = {{"strangers", strangers.persons.empty() ? "the set's other people" : fileName(o.strangers)},
                          {"stranger_rate", rule.strangerRate},
                          {"rows", eval::report(rows)}};
}

void write(const std::string& path, const nlohmann::json& report) {
    std::ofstream stream(path);
    stream << report.dump(2) << '\n';
    stream.close();
    if (!stream) {
        throw std::runtime_error(path + ": cannot write");
    }
}

}  // namespace

nlohmann::json run(const Options& o) {
    check(o);
    std::optional<Plots> plots;
    if (!o.plots.empty()) {
        plots.emplace(o.plots);
    }
    const Plots* drawing = plots ? &*plots : nullptr;
    nlohmann::json report;
    report["mirror"] = o.mirror;
    cv::drgan::Bundle bundle;
    double threshold = o.threshold;
    std::unique_ptr<Embedder> encoder, recognizer;
    std::vector<const Embedder*> networks;
    if (!o.bundle.empty()) {
        bundle = cv::drgan::Bundle::load(o.bundle);
        threshold = std::isnan(threshold) ? static_cast<double>(bundle.matchThreshold) : threshold;
        report["bundle"] = bundle.id;
        encoder = embedBundle(bundle);
        networks.push_back(encoder.get());
    }
    if (!o.recognizer.empty()) {
        recognizer = makeRecognizer(o);
        report["recognizer"] = fileName(o.recognizer);
        networks.push_back(recognizer.get());
    }
    cv::drgan::NamingRule rule = bundle.naming();
    Strangers strangers;
    if (!o.strangers.empty()) {
        strangers = studyStrangers(o, encoder ? *encoder : *recognizer, rule.thresholds, report);
    }
    if (!o.views.empty()) {
        studyViews(viewsOfSet(o.views, o.viewsSplit, bundle), drawing, report);
        report["views"]["faces"] = fileName(o.views);
    }
    if (o.cfp.empty() && o.faces.empty()) {
        if (!o.json.empty()) {
            write(o.json, report);
        }
        return report;
    }
    Task task = o.faces.empty() ? readCfp(o, report) : readSet(o, networks, report);
    if (o.boxes) {
        landAnew(o, bundle, task.faces, report);
    }
    if (!o.cfp.empty()) {
        measureLandmarks(o, task.faces, report);
    }
    task.studied = limited(task.persons);
    report["people"] = task.persons.size();
    report["people_studied"] = task.studied.size();
    if (task.studied.size() < task.persons.size()) {
        spdlog::info("the studies of all pairs take {} of the {} people", task.studied.size(), task.persons.size());
    }

    const Encoded encoded = encodeAll(task.faces, encoder ? *encoder : *recognizer, o.mirror, encoder != nullptr);
    verify(task, encoded.embeddings, threshold, drawing, report);
    const std::vector<YawDifference> differences =
        byYawDifference(task.studied, task.faces, encoded.embeddings, threshold);
    if (!differences.empty()) {
        std::printf("All pairs by the difference of their yaws:\n%s\n", table(differences).c_str());
    }
    report["yaw_difference"] = eval::report(differences);
    if (!o.strangers.empty()) {
        studyAtRates(task, encoded.clean, rule.thresholds, report);
    }
    studyOpenSet(o, task, encoded.clean, strangers, rule, report);
    if (encoder) {
        studyFusion(task, encoded, drawing, report);
        studyConfidence(task, encoded, drawing, report);
        if (o.views.empty()) {
            studyViews(viewsOfFrontals(task.studied, task.faces, bundle), drawing, report);
        }
    }
    if (encoder && recognizer && task.protocols.count("FP") != 0) {
        studyFrontalViews(o, bundle, *recognizer, task, encoded.clean, report);
    }
    if (!o.json.empty()) {
        write(o.json, report);
    }
    return report;
}

}  // namespace drgan::eval
