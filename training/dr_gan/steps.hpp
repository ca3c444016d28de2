// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "dr_gan/model.hpp"
#include "dr_gan/targets.hpp"

namespace drgan::train {

/// The loss terms of a step, unweighted, by name; still on the device.
using Losses = std::map<std::string, torch::Tensor>;

/// One step of the encoder towards the identity templates: n single terms and, for n > 1, the fused one, by which the
/// confidences are learned.
Losses encoderStep(Model& model, const Targets& targets, const DrGanOptions& options, const Batch& batch, double rate);

/// One step of the discriminator (if it plays a part) and one of the generator: decoder, and in the joint stage
/// encoder.
///
/// A discriminator that recognises most generated faces (DrGanOptions::strongDiscriminator) leaves the generator nothing to
/// learn from: it then waits, and learns in one of DrGanOptions::generatorSteps steps (CVPR 2017 updates
/// G more often than D, too).
/// @param step of the run, from 0
Losses generatorStep(Model& model, const Targets& targets, const DrGanOptions& options, const Batch& batch, int64_t step,
                     double rate, double discriminatorRate);

/// What the generator's terms but the adversarial one come to with the averaged networks, weighted; nothing learns.
/// Draws noise from the options' seed, so that it judges the same networks alike; torch's generator is left there.
double validateLikeness(Model& model, const DrGanOptions& options, const std::vector<Batch>& batches);

}  // namespace drgan::train
