package main

import (
	"bytes"
	"crypto"
	_ "crypto/sha1"
	_ "crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// crl: a moment, the issuer, a CRL, a serial perhaps: whether it stands in the CRL, and why.
func crl(words []string) (string, error) {
	at, err := moment(words[0])
	if err != nil {
		return "", err
	}
	issuer, err := certificate(words[1])
	if err != nil {
		return "", err
	}
	der, err := bytesOf(words[2])
	if err != nil {
		return "", err
	}
	list, err := smx509.ParseDERCRL(der)
	if err != nil {
		return "", err
	}
	var start struct {
		Version   int
		Algorithm asn1.RawValue
		Issuer    asn1.RawValue
	}
	if _, err := asn1.Unmarshal(list.TBSCertList.Raw, &start); err != nil {
		return "", err
	}
	if !bytes.Equal(issuer.RawSubject, start.Issuer.FullBytes) {
		return "", errors.New("another issuer")
	}
	if err := issuer.CheckCRLSignature(list); err != nil {
		return "", err
	}
	if list.TBSCertList.ThisUpdate.After(at) || list.HasExpired(at) {
		return "", errors.New("not current")
	}
	facts := fmt.Sprintf("entries=%d", len(list.TBSCertList.RevokedCertificates))
	for _, extension := range list.TBSCertList.Extensions {
		var number *big.Int
		switch {
		case extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 20}):
			if _, err := asn1.Unmarshal(extension.Value, &number); err != nil {
				return "", err
			}
			facts += fmt.Sprintf(" number=%d", number)
		case extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 27}):
			if _, err := asn1.Unmarshal(extension.Value, &number); err != nil {
				return "", err
			}
			facts += fmt.Sprintf(" base=%d", number)
		case extension.Critical:
			return "", errors.New("unknown critical extension")
		}
	}
	if len(words) < 4 {
		return facts, nil
	}
	serial, valid := new(big.Int).SetString(words[3], 16)
	if !valid {
		return "", errors.New("no serial")
	}
	for _, entry := range list.TBSCertList.RevokedCertificates {
		if entry.SerialNumber.Cmp(serial) != 0 {
			continue
		}
		facts += " revoked=" + entry.RevocationTime.UTC().Format(time.RFC3339)
		for _, extension := range entry.Extensions {
			var reason asn1.Enumerated
			if extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 21}) {
				if _, err := asn1.Unmarshal(extension.Value, &reason); err != nil {
					return "", err
				}
				facts += fmt.Sprintf(" reason=%d", reason)
			}
		}
	}
	return facts, nil
}

type ocspResponse struct {
	Status asn1.Enumerated
	Bytes  struct {
		Type     asn1.ObjectIdentifier
		Response []byte
	} `asn1:"explicit,tag:0,optional"`
}

type ocspBasic struct {
	Data         asn1.RawValue
	Algorithm    pkix.AlgorithmIdentifier
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type ocspData struct {
	ByName     asn1.RawValue `asn1:"explicit,tag:1,optional"`
	ByKey      []byte        `asn1:"explicit,tag:2,optional"`
	Produced   time.Time     `asn1:"generalized"`
	Singles    []ocspSingle
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type ocspSingle struct {
	ID struct {
		Hash      pkix.AlgorithmIdentifier
		Name, Key []byte
		Serial    *big.Int
	}
	Good    asn1.Flag `asn1:"tag:0,optional"`
	Revoked struct {
		At     time.Time       `asn1:"generalized"`
		Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
	} `asn1:"tag:1,optional"`
	Unknown    asn1.Flag        `asn1:"tag:2,optional"`
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

// ocsp: a moment, the issuer, the response, the serial asked for, the nonce perhaps.
func ocsp(words []string) (string, error) {
	at, err := moment(words[0])
	if err != nil {
		return "", err
	}
	issuer, err := certificate(words[1])
	if err != nil {
		return "", err
	}
	der, err := bytesOf(words[2])
	if err != nil {
		return "", err
	}
	var outer ocspResponse
	var basic ocspBasic
	var data ocspData
	if err := exactly(der, &outer); err != nil {
		return "", err
	}
	if outer.Status != 0 {
		return "", fmt.Errorf("status %d", outer.Status)
	}
	if !outer.Bytes.Type.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}) {
		return "", errors.New("another type of response")
	}
	if err := exactly(outer.Bytes.Response, &basic); err != nil {
		return "", err
	}
	if err := exactly(basic.Data.FullBytes, &data); err != nil {
		return "", err
	}
	if err := signed(basic, data, issuer, at); err != nil {
		return "", err
	}
	facts := ""
	if len(words) > 4 {
		if err := nonceIs(data.Extensions, words[4]); err != nil {
			return "", err
		}
	}
	serial, valid := new(big.Int).SetString(words[3], 16)
	if !valid {
		return "", errors.New("no serial")
	}
	for _, single := range data.Singles {
		if single.ID.Serial.Cmp(serial) != 0 {
			continue
		}
		if err := about(single, issuer, at); err != nil {
			return "", err
		}
		switch {
		case bool(single.Good):
			facts = "good"
		case bool(single.Unknown):
			facts = "unknown"
		default:
			facts = fmt.Sprintf("revoked=%s reason=%d", single.Revoked.At.UTC().Format(time.RFC3339), single.Revoked.Reason)
		}
		return facts, nil
	}
	return "", errors.New("not about this serial")
}

func exactly(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err == nil && len(rest) > 0 {
		return errTrailing
	}
	return err
}

// signed: by the issuer itself, or by one it gave the right to (RFC 6960, section 4.2.2.2).
func signed(basic ocspBasic, data ocspData, issuer *smx509.Certificate, at time.Time) error {
	signer := issuer
	if len(basic.Certificates) > 0 {
		given, err := smx509.ParseCertificate(basic.Certificates[0].FullBytes)
		if err != nil {
			return err
		}
		if !bytes.Equal(given.Raw, issuer.Raw) {
			if err := given.CheckSignatureFrom(issuer); err != nil {
				return err
			}
			if !bytes.Equal(given.RawIssuer, issuer.RawSubject) || at.Before(given.NotBefore) || at.After(given.NotAfter) {
				return errors.New("the responder's certificate is not of this issuer, or not current")
			}
			if len(given.ExtKeyUsage) != 1 || given.ExtKeyUsage[0] != smx509.ExtKeyUsageOCSPSigning {
				return errors.New("the responder may not sign responses")
			}
			signer = given
		}
	}
	key := crypto.SHA1.New()
	key.Write(publicBits(signer))
	if data.ByKey != nil && !bytes.Equal(data.ByKey, key.Sum(nil)) {
		return errors.New("another responder's key")
	}
	if data.ByKey == nil && !bytes.Equal(data.ByName.Bytes, signer.RawSubject) {
		return errors.New("another responder's name")
	}
	algorithm, err := signer.SignatureAlgorithm, error(nil)
	if algorithm, err = named(basic.Algorithm); err != nil {
		return err
	}
	return signer.CheckSignature(algorithm, basic.Data.FullBytes, basic.Signature.RightAlign())
}

func named(algorithm pkix.AlgorithmIdentifier) (smx509.SignatureAlgorithm, error) {
	for _, known := range []struct {
		id  asn1.ObjectIdentifier
		one smx509.SignatureAlgorithm
	}{
		{asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 501}, smx509.SM2WithSM3},
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, smx509.ECDSAWithSHA256},
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, smx509.ECDSAWithSHA384},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, smx509.SHA256WithRSA},
		{asn1.ObjectIdentifier{1, 3, 101, 112}, smx509.PureEd25519},
	} {
		if known.id.Equal(algorithm.Algorithm) {
			return known.one, nil
		}
	}
	return 0, fmt.Errorf("signature algorithm %v", algorithm.Algorithm)
}

func publicBits(one *smx509.Certificate) []byte {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if exactly(one.RawSubjectPublicKeyInfo, &info) != nil {
		return nil
	}
	return info.Key.RightAlign()
}

func about(single ocspSingle, issuer *smx509.Certificate, at time.Time) error {
	sum := func(of []byte) []byte { return nil }
	switch id := single.ID.Hash.Algorithm; {
	case id.Equal(asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}):
		sum = func(of []byte) []byte { h := crypto.SHA1.New(); h.Write(of); return h.Sum(nil) }
	case id.Equal(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}):
		sum = func(of []byte) []byte { h := crypto.SHA256.New(); h.Write(of); return h.Sum(nil) }
	case id.Equal(asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 401}):
		sum = func(of []byte) []byte { h := sm3.Sum(of); return h[:] }
	}
	if !bytes.Equal(sum(issuer.RawSubject), single.ID.Name) || !bytes.Equal(sum(publicBits(issuer)), single.ID.Key) {
		return errors.New("about another issuer's certificate")
	}
	if single.ThisUpdate.After(at) || (!single.NextUpdate.IsZero() && single.NextUpdate.Before(at)) {
		return errors.New("not current")
	}
	return nil
}

func nonceIs(extensions []pkix.Extension, text string) error {
	wanted, err := bytesOf(text)
	if err != nil {
		return err
	}
	for _, extension := range extensions {
		if extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}) {
			var found []byte
			if err := exactly(extension.Value, &found); err != nil {
				return err
			}
			if bytes.Equal(found, wanted) {
				return nil
			}
		}
	}
	return errors.New("not the nonce that was sent")
}
