package main

import (
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

func certificate(text string) (*smx509.Certificate, error) {
	der, err := bytesOf(text)
	if err != nil {
		return nil, err
	}
	return smx509.ParseCertificate(der)
}

// chain: a moment, the root, intermediates, the leaf.
func chain(words []string) (string, error) {
	at, err := moment(words[0])
	if err != nil {
		return "", err
	}
	roots, between := smx509.NewCertPool(), smx509.NewCertPool()
	var leaf *smx509.Certificate
	for place, word := range words[1:] {
		one, err := certificate(word)
		if err != nil {
			return "", err
		}
		switch place {
		case 0:
			roots.AddCert(one)
		case len(words) - 2:
		default:
			between.AddCert(one)
		}
		leaf = one
	}
	found, err := leaf.Verify(smx509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at,
		KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny},
	})
	if err != nil {
		return "", err
	}
	if len(leaf.UnhandledCriticalExtensions) > 0 {
		return "", errors.New("unknown critical extension")
	}
	return fmt.Sprintf("chains=%d", len(found)), nil
}

// request: a PKCS #10 request.
func request(words []string) (string, error) {
	der, err := bytesOf(words[0])
	if err != nil {
		return "", err
	}
	one, err := smx509.ParseCertificateRequest(der)
	if err != nil {
		return "", err
	}
	return "subject=" + one.Subject.String(), one.CheckSignature()
}

// signature: a certificate, the distinguishing identifier, a message, the signature in DER.
func signature(words []string) (string, error) {
	one, err := certificate(words[0])
	if err != nil {
		return "", err
	}
	var parts [3][]byte
	for place := range parts {
		if parts[place], err = bytesOf(words[place+1]); err != nil {
			return "", err
		}
	}
	key, err := sm2Key(one)
	if err != nil {
		return "", err
	}
	if !sm2.VerifyASN1WithSM2(key, parts[0], parts[1], parts[2]) {
		return "", errors.New("the signature is wrong")
	}
	return "", nil
}
