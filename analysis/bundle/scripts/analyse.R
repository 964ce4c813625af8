# Recompute the report's headline in R, and say where it differs from report.csv.
#
#     Rscript analyse.R
#
# Base R alone. The share of votes for the treatment with its two-way robust interval and p, the exact binomial and
# Clopper and Pearson's interval, Holm's p over the planned comparison groups. Exits with 1 where a number differs by
# more than 1e-9.

arguments <- commandArgs(trailingOnly = FALSE)
script <- sub("^--file=", "", grep("^--file=", arguments, value = TRUE))
folder <- if (length(script) > 0) dirname(normalizePath(script[1])) else "."

table_of <- function(name) {
  read.csv(file.path(folder, name), colClasses = "character", na.strings = character(0), encoding = "UTF-8")
}

votes <- table_of("votes.csv")
report <- table_of("report.csv")
study <- table_of("reported.csv")
# Adaptive votes count in the ranking, which is not here.
votes <- votes[votes$kind == "main" & votes$excluded == "0" & votes$adaptive == "0" & votes$question == study$question[1] &
                 votes$rehearsal == study$rehearsal[1], ]
votes$y <- as.numeric(votes$preferred_treatment)

clustered <- function(u, cluster) {
  sums <- as.vector(tapply(u, cluster, sum))
  # What is 0 but for rounding is 0: the votes of one cluster agree with the share.
  sums[abs(sums) < 1e-13] <- 0
  c(length(sums), length(sums) / (length(sums) - 1) * sum(sums^2))
}

wilson <- function(m, n, z) {
  centre <- m + z^2 / (2 * n)
  half <- z * sqrt(m * (1 - m) / n + z^2 / (4 * n^2))
  pmin(1, pmax(0, c(centre - half, centre + half) / (1 + z^2 / n)))
}

headline <- function(v) {
  n <- nrow(v)
  m <- if (n > 0) sum(v$y) / n else NA
  wins <- sum(v$y == 1)
  decided <- wins + sum(v$y == 0)
  found <- list(votes = n, wins = wins, ties = n - decided, share = m, interval_low = NA, interval_high = NA, p = NA,
                df = NA, effective_votes = NA, design_effect = NA, binomial_p = NA, clopper_pearson_low = NA,
                clopper_pearson_high = NA)
  if (decided > 0) {
    exact <- binom.test(wins, decided)
    found$binomial_p <- exact$p.value
    found$clopper_pearson_low <- exact$conf.int[1]
    found$clopper_pearson_high <- exact$conf.int[2]
  }
  S <- length(unique(v$item))
  E <- length(unique(v$evaluator))
  if (S < 2 || E < 2) return(found)
  u <- (v$y - m) / n
  by_speaker <- clustered(u, v$item)
  by_evaluator <- clustered(u, v$evaluator)
  by_cell <- clustered(u, paste(v$item, v$evaluator, sep = "\r"))
  V <- max(by_speaker[2] + by_evaluator[2] - by_cell[2], by_speaker[2], by_evaluator[2])
  spread <- by_speaker[2]^2 / (S - 1) + by_evaluator[2]^2 / (E - 1) + by_cell[2]^2 / (by_cell[1] - 1)
  df <- if (V == 0) min(S, E) - 1 else min(max(V^2 / spread, min(S, E) - 1), S + E - 2)
  z <- qnorm(0.975)
  t <- qt(0.975, df)
  agreed <- V == 0 || m == 0 || m == 1
  effective <- if (agreed) min(S, E) else min(n, m * (1 - m) / V * (z / t)^2)
  found$effective_votes <- effective
  found$design_effect <- n / effective
  if (S < 10) return(found)
  interval <- wilson(m, effective, z)
  found$interval_low <- interval[1]
  found$interval_high <- interval[2]
  found$df <- df
  found$p <- 2 * pt(-abs(m - 0.5) / sqrt(0.25 / effective) * t / z, df)
  found
}

differ <- 0
compared <- 0
compare <- function(group, name, found, told) {
  compared <<- compared + 1
  told <- if (told == "") NA else as.numeric(told)
  alike <- (is.na(found) && is.na(told)) ||
    (!is.na(found) && !is.na(told) && abs(found - told) <= 1e-9 * max(1, abs(told)))
  if (!alike) {
    differ <<- differ + 1
    cat("DIFFERS", group, name, format(found, digits = 15), "in report.csv:", format(told, digits = 15), "\n")
  }
}

p_values <- rep(NA_real_, nrow(report))
for (i in seq_len(nrow(report))) {
  of_group <- votes$treatment == report$treatment[i] & votes$control == report$control[i]
  group <- paste0(report$treatment[i], ":", report$control[i])
  found <- headline(votes[of_group, ])
  p_values[i] <- found$p
  for (name in names(found)) compare(group, name, found[[name]], report[i, name])
  cat(sprintf("%-32s %5d votes  share %.4f  interval %.4f to %.4f  p %.4g\n", group, found$votes, found$share,
              found$interval_low, found$interval_high, found$p))
}
planned <- report$planned == "1"
adjusted <- rep(NA_real_, nrow(report))
adjusted[planned] <- p.adjust(p_values[planned], method = "holm")
for (i in which(planned)) compare(report$treatment[i], "holm_p", adjusted[i], report$holm_p[i])

cat(sprintf("%d numbers compared, %d differ.\n", compared, differ))
quit(status = if (differ > 0) 1 else 0)
