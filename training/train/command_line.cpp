// SPDX-License-Identifier: Apache-2.0
#include "train/command_line.hpp"

// No torch here: its operator<< for vectors would change how CLI11 writes --poses into a config.

#include <CLI/CLI.hpp>
#include <array>
#include <iostream>

namespace drgan::train {

namespace {

std::string existsOrEmpty(const std::string& path) {  // a run's config has an empty text for what was not given
    return path.empty() ? std::string() : CLI::ExistingFile(path);
}

std::string isFolderOrEmpty(const std::string& path) {
    return path.empty() ? std::string() : CLI::ExistingDirectory(path);
}

void addRun(CLI::App& app, RunOptions& o) {
    o.precision = o.memoryFormat = "auto";
    app.add_option("--faces", o.faces, "face set (written by drgan-data)")->required()->check(CLI::ExistingFile);
    app.add_option("--run", o.run, "folder for checkpoints, metrics.csv, grids and config.toml")->required();
    app.add_option("--start", o.start, "checkpoint to start from, with its averaged networks")->check(existsOrEmpty);
    app.add_flag("--resume", o.resume, "continue the run in --run from its last checkpoint");
    app.add_option("--steps", o.steps, "total number of steps; the learning rate falls to 0 over them")
        ->check(CLI::PositiveNumber);
    app.add_option("--rate", o.learningRate, "peak learning rate");
    app.add_option("--warmup", o.warmup, "steps over which the learning rate rises from 0");
    app.add_option("--weight-decay", o.weightDecay, "weight decay of AdamW");
    app.add_option("--averaging", o.averaging, "decay of the moving average of the weights; the average is exported");
    app.add_option(
           "--checkpoint-every", o.checkpointEvery,
           "steps between checkpoints; 0: only at the end. A run that is killed loses the steps since its last one")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--keep", o.keep,
                   "number of step checkpoints to keep (step-000250.safetensors), the highest steps, besides "
                   "last.safetensors and best.safetensors")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--evaluate-every", o.evaluateEvery, "steps between evaluations and grids")
        ->check(CLI::PositiveNumber);
    app.add_option("--log-every", o.logEvery, "steps between progress lines")->check(CLI::PositiveNumber);
    app.add_option("--threads", o.threads, "CPU threads of the networks")->check(CLI::PositiveNumber);
    app.add_option("--device", o.device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
    app.add_option("--precision", o.precision,
                   "float32, or bf16: convolutions in bfloat16; auto: the faster one, measured on a few steps of the "
                   "run's network (with cuda: float32); a resumed run keeps its precision")
        ->check(CLI::IsMember({"auto", "float32", "bf16"}));
    app.add_option(
           "--memory-format", o.memoryFormat,
           "memory format of the feature maps: channels-last, or planes (PyTorch's contiguous format); auto: as "
           "with --precision")
        ->check(CLI::IsMember({"auto", "channels-last", "planes"}));
}

void addSampling(CLI::App& app, SamplingOptions& o) {
    const char* group = "Pictures";
    app.add_option("--turned-share", o.turnedShare, "share of turned views (rendered by drgan-data --mesh)")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--light", o.augmentation.light, "random brightness: gain within 1 +- this")->group(group);
    app.add_option("--grey", o.augmentation.grey, "share of pictures converted to grey")->group(group);
    app.add_option("--occlusion", o.augmentation.occlusion, "share of pictures with a rectangle hidden")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--low-resolution", o.augmentation.lowResolution, "share of pictures scaled down and up again")
        ->group(group);
    app.add_option("--blur", o.augmentation.blur, "share of blurred pictures")->check(CLI::Range(0., 1.))->group(group);
    app.add_option("--noise", o.augmentation.noise, "share of pictures with noise")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--seed", o.seed, "seed of the random numbers")->group(group);
    app.add_option("--loader-threads", o.threads, "batches prepared in advance, each on its own thread")
        ->check(CLI::PositiveNumber)
        ->group(group);
}

/// Only for encoder and decoder: aligner and detector place their crops and faces themselves.
void addBatches(CLI::App& app, BatchOptions& b) {
    const char* group = "Pictures";
    app.add_option("--persons", b.persons, "P, people in a batch; a batch has P x n pictures")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--pictures", b.pictures,
                   "maximum pictures per person: n is drawn for each batch from 1 to this; 1: single-image DR-GAN")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--profile-share", b.profileShare,
                   "share of a batch's people that are drawn from those with real profiles")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--shift", b.augmentation.shift, "maximum random shift, pixels")->group(group);
    app.add_option("--rotation", b.augmentation.rotation, "maximum random rotation, degrees")->group(group);
    app.add_option("--zoom", b.augmentation.zoom, "random scale within 1 +- this")->group(group);
}

void addEncoder(CLI::App& app, DrGanOptions& o) {
    const char* group = "Encoder (not used if --start has an encoder)";
    app.add_option("--encoder", o.encoder, "casia (the paper's network), or onnx:FILE, a recogniser to start from")
        ->group(group);
    app.add_option("--encoder-width", o.encoderWidth, "factor on the number of channels of casia")->group(group);
    app.add_option("--embedding-size", o.embeddingSize, "Nf, embedding size of casia")->group(group);
    app.add_option("--onnx-order", o.onnxOrder, "channel order of the recogniser's input: RGB or BGR")->group(group);
    app.add_option("--onnx-mean", o.onnxMean,
                   "recogniser's input is (pixel - mean) / scale with pixels in 0..255: one or three means")
        ->group(group);
    app.add_option("--onnx-scale", o.onnxScale, "one or three scales")->group(group);
    app.add_option("--blend", o.blend,
                   "with --start: interpolate the weights of its encoder with those of a checkpoint, or of onnx:FILE, "
                   "the recogniser that it was trained from; this restores accuracy on frontal faces")
        ->group(group);
    app.add_option("--blend-share", o.blendShare, "share of the other encoder in --blend")
        ->check(CLI::Range(0., 1.))
        ->group(group);
}

void addDecoder(CLI::App& app, DrGanOptions& o) {
    const char* group = "Decoder and discriminator (not used if --start has them)";
    app.add_option("--decoder", o.decoder,
                   "casia (the paper's network), basis (first a sum of learned whole pictures, then details; learns "
                   "faster), or a checkpoint to take the decoder from")
        ->check(CLI::IsMember({"casia", "basis"}) | CLI::ExistingFile)
        ->group(group);
    app.add_option("--decoder-width", o.decoderWidth, "factor on the number of channels of the decoder")->group(group);
    app.add_option("--decoder-fc-channels", o.decoderFcChannels,
                   "channels of the decoder's first map; 0: according to --decoder-width")
        ->group(group);
    app.add_option("--noise-size", o.noiseSize, "Nz, values of the decoder's noise input")->group(group);
    app.add_flag(
           "--appearance", o.appearance,
           "learn an appearance code: a small network gives the decoder light, colours and hair of the input picture "
           "in place of noise. Needs --pictures 1")
        ->group(group);
    app.add_option("--upsampling", o.upsampling,
                   "resize (resize, then convolution) or fconv (the paper's fractionally strided convolution)")
        ->check(CLI::IsMember({"resize", "fconv"}))
        ->group(group);
    app.add_option("--discriminator-width", o.discriminatorWidth,
                   "factor on the number of channels of the discriminator")
        ->group(group);
    app.add_option("--discriminator-form", o.discriminatorForm,
                   "cvpr (Nd+1 identities), tpami (three heads) or patch (texture)")
        ->check(CLI::IsMember({"cvpr", "tpami", "patch"}))
        ->group(group);
    app.add_flag("--discriminator-grey", o.discriminatorGrey,
                 "the discriminator sees grey pictures: it sharpens the drawn faces, and their colours come only from "
                 "the reconstruction loss")
        ->group(group);
    app.add_option("--discriminator-rate", o.discriminatorRate, "learning rate of the discriminator")->group(group);
    app.add_option("--strong-discriminator", o.strongDiscriminator,
                   "share of generated faces that the discriminator must recognise to count as strong")
        ->group(group);
    app.add_option("--generator-steps", o.generatorSteps, "generator steps per step of a strong discriminator")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--targets", o.batch.targets, "number of target poses per embedding")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--poses", o.batch.poseYaws, "yaws of the pose codes, degrees, ascending")
        ->group(group)
        ->delimiter(',');
}

void addStoredEmbeddings(CLI::App& app, DrGanOptions& o) {
    const char* group = "Fast start of a decoder";
    app.add_option("--target-side", o.batch.targetSide,
                   "train at this resolution (for basis, S/2 is a fast start), pixels; 0: S")
        ->group(group);
    app.add_option("--stored-embeddings", o.storedEmbeddings,
                   "file of precomputed embeddings to train from; computed and written if it is missing. Without it, "
                   "the encoder runs at every step")
        ->group(group);
    app.add_option("--stored-per-person", o.storedPerPerson, "pictures per person in --stored-embeddings")
        ->check(CLI::PositiveNumber)
        ->group(group);
}

void addEncoderLosses(CLI::App& app, DrGanOptions& o) {
    const char* group = "Losses (weights; 0 switches one off)";
    app.add_option("--template-weight", o.templateWeight, "1 - cosine to the person's frontal template")->group(group);
    app.add_option("--margin-weight", o.marginWeight, "margin softmax over all templates")->group(group);
    app.add_option("--margin-scale", o.marginScale, "scale of the margin softmax")->group(group);
    app.add_option("--margin", o.margin, "margin of the margin softmax")->group(group);
    app.add_option(
           "--pair-weight", o.pairWeight,
           "softmax over the batch's people: a person's fused embedding against fused embeddings of other pictures")
        ->group(group);
    app.add_option("--mirror-weight", o.mirrorWeight, "1 - cosine to the embedding of the mirror image")->group(group);
    app.add_option("--hold-weight", o.holdWeight,
                   "1 - cosine of near-frontal pictures to the teacher's embedding of the same picture")
        ->group(group);
    app.add_option("--source-weight", o.sourceWeight,
                   "1 - cosine of turned views to the teacher's embedding of the picture that they were rendered from")
        ->group(group);
    app.add_option("--hold-yaw", o.holdYaw, "yaw up to which a picture is near-frontal, degrees")->group(group);
    app.add_option("--frozen-layers", o.frozenLayers,
                   "number of the encoder's first layers that are frozen, including statistics of normalisations");
}

void addDecoderLosses(CLI::App& app, DrGanOptions& o) {
    const char* group = "Losses (weights; 0 switches one off)";
    app.add_option("--reconstruction-weight", o.reconstructionWeight,
                   "L1 distance to the real picture at the target pose")
        ->group(group);
    app.add_option("--identity-weight", o.identityWeight,
                   "1 - cosine of the generated face's embedding to the decoder's input")
        ->group(group);
    app.add_option("--perceptual-weight", o.perceptualWeight,
                   "difference of the generated and the real face in the encoder's feature maps")
        ->group(group);
    app.add_flag("--judge-grey", o.judgeGrey,
                 "compute identity and perceptual loss on grey pictures, as with --discriminator-grey")
        ->group(group);
    app.add_option("--adversarial-weight", o.adversarialWeight, "the paper's generator loss")->group(group);
}

void addAligner(CLI::App& app, AlignerOptions& o) {
    const char* group = "Aligner";
    CropOptions& c = o.crops;
    app.add_option("--aligner-width", o.alignerWidth, "factor on the number of channels of the aligner")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option(
           "--widen-aligner", o.widenAligner,
           "with --start: widen its aligner to this width, keeping its weights in the first channels; 0: do not "
           "widen")
        ->check(CLI::NonNegativeNumber)
        ->group(group);
    app.add_option("--crops", c.count, "crops in a batch")->check(CLI::PositiveNumber)->group(group);
    app.add_option("--missed-share", c.missedShare, "share of crops that miss their face")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--box-shift", c.shift, "maximum random shift of a box, units of its side")
        ->check(CLI::Range(0., 0.5))
        ->group(group);
    app.add_option("--box-smallest", c.smallest, "minimum random scale of a box")
        ->check(CLI::Range(0.5, 2.))
        ->group(group);
    app.add_option("--box-largest", c.largest, "maximum random scale of a box")
        ->check(CLI::Range(0.5, 2.))
        ->group(group);
    app.add_option("--yaw-weight", o.yawWeight, "smooth L1 loss of the yaw")->group(group);
    app.add_option("--hard-negatives", o.hardNegatives,
                   "the detector's checkpoint: the aligner learns to reject its false detections in --backgrounds")
        ->group(group);
}

/// @param photoShare, maskShare, roll where the stage keeps them
void addSmallNetwork(CLI::App& app, SmallNetworkOptions& o, double& photoShare, double& maskShare, double& roll) {
    const char* group = "Photographs and losses";
    app.add_option("--backgrounds", o.backgrounds,
                   "folder of photographs without faces: faces are pasted into them for the detector; the aligner "
                   "(optional) learns to reject them")
        ->check(isFolderOrEmpty)
        ->group(group);
    app.add_option("--validation-backgrounds", o.validationBackgrounds,
                   "folder of other photographs for validation; default: the same ones (aligner: none)")
        ->check(isFolderOrEmpty)
        ->group(group);
    app.add_option("--photos", o.photos, "folder of photographs of people, to cut pictures out of")
        ->check(isFolderOrEmpty)
        ->group(group);
    app.add_option("--photo-faces", o.photoFaces, "table of the faces in --photos (written by drgan-data --photos)")
        ->check(existsOrEmpty)
        ->group(group);
    app.add_option("--sure-score", o.sureScore,
                   "minimum score of a face in --photo-faces that is learned; others are left out of the loss")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--photo-share", photoShare,
                   "share of what is learned from that comes from --photos, where they are given")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--mask-share", maskShare, "share of faces that wear a drawn mask (detector: of the composed ones)")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--roll", roll, "maximum random roll of faces, degrees")->check(CLI::Range(0., 90.))->group(group);
    app.add_option("--landmark-weight", o.landmarkWeight, "wing loss of the landmarks")->group(group);
    app.add_option("--score-weight", o.scoreWeight, "cross entropy of the face score")->group(group);
}

void addDetector(CLI::App& app, DetectorOptions& o) {
    const char* group = "Detector";
    SceneOptions& s = o.scenes;
    app.add_option("--detector-width", o.detectorWidth, "factor on the number of channels of the detector")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--scenes", s.count, "pictures in a batch")->check(CLI::PositiveNumber)->group(group);
    app.add_option("--scene-side", s.side, "side of a picture, pixels, a multiple of 32")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--smallest-face", s.smallest, "minimum side of a face's box, pixels")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--most-faces", s.mostFaces, "maximum number of faces in a picture")
        ->check(CLI::PositiveNumber)
        ->group(group);
    const std::pair<const char*, std::pair<double*, const char*>> shares[] = {
        {"--empty-share", {&s.emptyShare, "share of pictures without a face"}},
        {"--own-share", {&s.ownShare, "share of pictures that show a face with its own background"}},
        {"--decoy-share", {&s.decoyShare, "share of pictures with decoys: pieces of backgrounds pasted in like faces"}},
        {"--cut-share", {&s.cutShare, "share of faces that may be cut off by the border"}},
        {"--hard-negative-share", {&s.hardNegativeShare, "share of backgrounds taken at false detections"}}};
    for (const auto& [name, share] : shares) {
        app.add_option(name, *share.first, share.second)->check(CLI::Range(0., 1.))->group(group);
    }
    app.add_option("--detector", o.detector, "onnx:FILE, YuNet of 2022 to start from (not used with --start)")
        ->check([](const std::string& text) {
            if (text.empty()) {
                return std::string();
            }
            return text.rfind("onnx:", 0) == 0 ? CLI::ExistingFile(text.substr(5)) : text + ": expected onnx:FILE";
        })
        ->group(group);
    app.add_option(
           "--shown", s.shown,
           "how far the set's pictures show what is around a face, units of its box (drgan-data --crop-factor): "
           "farther out nothing is taken from them")
        ->check(CLI::Range(1., 10.))
        ->group(group);
    app.add_option("--smallest-in-photos", s.smallestReal, "minimum side of a face's box in cuts of --photos, pixels")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--box-weight", o.boxWeight, "1 - GIoU of the boxes")->group(group);
}

/// The options of a stage, their values, and the rules for combinations of them.
class StageParser {
public:
    explicit StageParser(const std::string& stage)
        : name_(stage), app_("Trains " + describe(stage) + " on a face set.", "drgan-train " + stage) {
        app_.option_defaults()->always_capture_default();
        app_.allow_config_extras(CLI::config_extras_mode::error);
        app_.set_config("--config", "", "TOML file with any of these options; the command line overrides it");
        app_.add_flag("--check", check_, "check the options and exit")->configurable(false);
        if (stage == "aligner") {
            add(options_.emplace<AlignerOptions>());
        } else if (stage == "detector") {
            add(options_.emplace<DetectorOptions>());
        } else {
            DrGanOptions& o = options_.emplace<DrGanOptions>();
            o.stage = stage == "encoder" ? Stage::Encoder : stage == "decoder" ? Stage::Decoder : Stage::Joint;
            add(o);
        }
    }

    static const std::array<const char*, 5>& stages() {
        static const std::array<const char*, 5> all{"encoder", "decoder", "joint", "aligner", "detector"};
        return all;
    }
    static std::string describe(const std::string& stage) {
        return stage == "encoder"   ? "the encoder"
               : stage == "decoder" ? "the decoder, with the encoder frozen,"
               : stage == "joint"   ? "encoder, decoder and discriminator together"
               : stage == "aligner" ? "the aligner, which locates landmarks in a loose crop,"
                                    : "the detector, which detects faces in pictures,";
    }

    bool has(const std::string& option) const { return app_.get_option_no_throw(option) != nullptr; }

    CommandLine parse(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
            std::visit([this](auto& o) { settle(o); }, options_);
        } catch (const CLI::ExtrasError& e) {
            std::exit(refuse(e));
        } catch (const CLI::ConfigError& e) {
            std::exit(refuse(e));
        } catch (const CLI::ParseError& e) {
            std::exit(app_.exit(e));
        }
        app_.get_option("--resume")->clear();  // the config describes the run, not whether it is resumed
        return {options_, "# drgan-train " + name_ + " --config THIS-FILE\n" + app_.config_to_str(true, true), check_};
    }

private:
    void add(DrGanOptions& o) {
        o.batch.targets = o.stage == Stage::Encoder ? 0 : 1;
        for (int yaw = -90; yaw <= 90; yaw += 15) {
            o.batch.poseYaws.push_back(static_cast<float>(yaw));
        }
        o.adversarialWeight = o.stage == Stage::Joint ? 0.1 : 0;
        addRun(app_, o);
        addEncoder(app_, o);
        if (o.stage != Stage::Encoder) {
            addDecoder(app_, o);
        }
        if (o.stage == Stage::Decoder) {
            addStoredEmbeddings(app_, o);
        }
        addBatches(app_, o.batch);
        addSampling(app_, o.batch);
        if (o.stage != Stage::Decoder) {
            addEncoderLosses(app_, o);
        }
        if (o.stage != Stage::Encoder) {
            addDecoderLosses(app_, o);
        }
        if (o.stage == Stage::Joint) {
            app_.add_option("--encoder-weight", o.encoderWeight, "factor on the encoder's own losses")
                ->group("Losses (weights; 0 switches one off)");
        }
        if (o.stage == Stage::Encoder) {
            app_.add_flag("--confidence-only", o.confidenceOnly, "train only the confidence; embeddings do not change");
        }
    }
    void add(AlignerOptions& o) {
        addRun(app_, o);
        addAligner(app_, o);
        addSmallNetwork(app_, o, o.crops.realShare, o.crops.maskShare, o.crops.roll);
        addSampling(app_, o.batch);
    }
    void add(DetectorOptions& o) {
        addRun(app_, o);
        addDetector(app_, o);
        addSmallNetwork(app_, o, o.scenes.realShare, o.scenes.maskShare, o.scenes.roll);
        addSampling(app_, o.batch);
    }

    static void settle(DrGanOptions& o) {
        o.batch.storedPerPerson = o.storedEmbeddings.empty() ? 0 : o.storedPerPerson;
        o.batch.targetsOfInput = o.appearance;
        if (o.appearance && o.batch.pictures > 1) {
            throw CLI::ValidationError("--appearance", "needs --pictures 1: an appearance is that of one picture");
        }
        if (!o.blend.empty() && o.start.empty()) {
            throw CLI::ValidationError("--blend", "needs --start, whose encoder it changes");
        }
        if (o.confidenceOnly && o.batch.pictures < 2) {
            throw CLI::ValidationError("--confidence-only", "needs --pictures above 1");
        }
    }
    static void settlePhotos(const SmallNetworkOptions& o) {
        if (o.photos.empty() != o.photoFaces.empty()) {
            throw CLI::ValidationError(o.photos.empty() ? "--photo-faces" : "--photos",
                                       o.photos.empty() ? "needs --photos" : "needs --photo-faces");
        }
    }
    static void settle(AlignerOptions& o) {
        settlePhotos(o);
        if (!o.hardNegatives.empty() && o.backgrounds.empty()) {
            throw CLI::ValidationError("--hard-negatives", "needs --backgrounds");
        }
        if (o.crops.largest < o.crops.smallest) {
            throw CLI::ValidationError("--box-largest", "is below --box-smallest");
        }
    }
    static void settle(DetectorOptions& o) {
        if (o.backgrounds.empty()) {
            throw CLI::RequiredError("--backgrounds");
        }
        settlePhotos(o);
    }

    /// The message for an option that this stage does not have: names the stages that have it.
    std::string unknown(const std::string& option) const {
        std::string others;
        for (const char* stage : stages()) {
            if (StageParser(stage).has(option)) {
                others += (others.empty() ? "" : ", ") + std::string(stage);
            }
        }
        return others.empty() ? option + " is not an option of drgan-train " + name_
                              : option + " is an option of " + others + ", not of " + name_;
    }

    int refuse(const CLI::ExtrasError& e) {
        for (const std::string& argument : app_.remaining()) {
            if (argument.rfind("--", 0) == 0) {
                std::cerr << unknown(argument.substr(0, argument.find('='))) << '\n';
                return e.get_exit_code();
            }
        }
        return app_.exit(e);
    }

    int refuse(const CLI::ConfigError& e) {
        const std::string said = e.what(), before = "INI was not able to parse ";
        if (said.rfind(before, 0) != 0) {
            return app_.exit(e);
        }
        std::cerr << app_.get_config_ptr()->as<std::string>() << ": " << unknown("--" + said.substr(before.size()))
                  << '\n';
        return e.get_exit_code();
    }

    std::string name_;
    CLI::App app_;
    AnyOptions options_;
    bool check_ = false;
};

}  // namespace

CommandLine parseCommandLine(int argc, char** argv) {
    const std::string first = argc > 1 ? argv[1] : "";
    for (const char* stage : StageParser::stages()) {
        if (first == stage) {
            return StageParser(stage).parse(argc - 1, argv + 1);
        }
    }
    CLI::App app{
        "Trains DR-GAN, its aligner and its detector. `drgan-train STAGE --help` shows the options of a stage."};
    app.require_subcommand(1);
    for (const char* stage : StageParser::stages()) {
        const std::string what = "trains " + StageParser::describe(stage);
        app.add_subcommand(stage, what.back() == ',' ? what.substr(0, what.size() - 1) : what);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        std::exit(app.exit(e));
    }
    std::exit(1);  // a stage that is not the first argument
}

}  // namespace drgan::train
