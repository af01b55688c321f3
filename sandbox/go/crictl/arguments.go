package main

import "strings"

// withValue holds the options that take the next argument when they have no "=".
var withValue = map[string]bool{
	"timeout": true, "runtime-endpoint": true, "image-endpoint": true, "label": true, "name": true, "output": true,
	"state": true, "tail": true, "pod": true, "namespace": true,
	"r": true, "i": true, "o": true, "t": true, "p": true, "s": true,
}

// commandLine is what was asked: global options may stand before or after the subcommand.
type commandLine struct {
	subcommand string
	arguments  []string
	options    map[string]string
	labels     map[string]string
}

func parse(arguments []string) commandLine {
	line := commandLine{options: map[string]string{}, labels: map[string]string{}}
	for i := 0; i < len(arguments); i++ {
		argument := arguments[i]
		switch {
		case strings.HasPrefix(argument, "-") && argument != "-":
			key, value, given := strings.Cut(strings.TrimLeft(argument, "-"), "=")
			if !given && withValue[key] && i+1 < len(arguments) {
				i++
				value = arguments[i]
			}
			line.options[key] = value
			if key == "label" {
				name, wanted, _ := strings.Cut(value, "=")
				line.labels[name] = wanted
			}
		case line.subcommand == "":
			line.subcommand = argument
		default:
			line.arguments = append(line.arguments, argument)
		}
	}
	return line
}

// has tells whether one of the spellings of an option was given.
func (l commandLine) has(spellings ...string) bool {
	for _, spelling := range spellings {
		if _, given := l.options[spelling]; given {
			return true
		}
	}
	return false
}
