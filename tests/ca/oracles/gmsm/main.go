// Answers, by emmansun/gmsm and encoding/asn1, whether what a CA made is right.
//
// A question is one line: a word, then arguments in hexadecimal or plain, separated by blanks. An answer
// is one line: "ok", with facts perhaps, or "no" and the reason.
package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

var questions = map[string]func([]string) (string, error){
	"chain":     chain,
	"crl":       crl,
	"envelope":  envelope,
	"ocsp":      ocsp,
	"request":   request,
	"signature": signature,
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Println(strings.ReplaceAll(answer(strings.Fields(line)), "\n", " "))
	}
}

func answer(words []string) (said string) {
	defer func() {
		if fault := recover(); fault != nil {
			said = fmt.Sprintf("no panic: %v", fault)
		}
	}()
	ask, known := questions[words[0]]
	if !known {
		return "no such question: " + words[0]
	}
	facts, err := ask(words[1:])
	if err != nil {
		return "no " + err.Error()
	}
	return strings.TrimSpace("ok " + facts)
}

func bytesOf(text string) ([]byte, error) {
	if strings.HasPrefix(text, "@") {
		return os.ReadFile(text[1:])
	}
	return hex.DecodeString(text)
}

func moment(text string) (time.Time, error) {
	return time.Parse(time.RFC3339, text)
}

var errTrailing = errors.New("bytes after the end")
